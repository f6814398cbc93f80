// The formats whose products are integer products. Included once per Highway target.
//
// A format says of a block of 32 columns what integers stand in it, what they are multiplied with, and which number
// times the sum of the activations is added: value = scale * (quant - kOffset) + minimum. That is all a new format
// needs; the two vector functions are for those whose speed matters.
//
//   unpack(block, group, out)           32 integers of group `group` (of 32 columns) of a block
//   scale(block, group), minimum(...)   minimum only with kHasMinimum
//   unpack(rows, j, block) -> Quads     the same of many rows; block: the number of 32 columns
//   load_scales(rows, first, count, scales)
//
// Magnitudes: 32 products of an integer and an activation of at most 127 must stay exact in a float, below 2^24: an
// integer may be 4128 at most. Pairs of 16-bit products are summed in 32 bits, which cannot overflow then.

#if defined(ROCMFORGE_CPU_BLOCK_FORMATS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ROCMFORGE_CPU_BLOCK_FORMATS_INL_H_
#undef ROCMFORGE_CPU_BLOCK_FORMATS_INL_H_
#else
#define ROCMFORGE_CPU_BLOCK_FORMATS_INL_H_
#endif

#include <cstddef>

#include "backends/cpu/kernels/block_rows-inl.h"
#include "quant/iq4_xs.h"
#include "quant/mxfp4.h"
#include "quant/q4_0.h"
#include "quant/q4_1.h"
#include "quant/q5_0.h"
#include "quant/q5_1.h"
#include "quant/q8_0.h"

HWY_BEFORE_NAMESPACE();
namespace rocmforge::cpu::HWY_NAMESPACE {

// What most formats are; the others hide it.
template <typename BlockType, int kOffsetOfQuants = 0, bool kWithMinimum = false>
struct FormatBase {
  using Block = BlockType;
  static constexpr int kOffset = kOffsetOfQuants;
  static constexpr bool kHasMinimum = kWithMinimum;
  static constexpr int kGroups = Block::kValues / kBlockValues;  // a group is 32 columns

  // Of the block that holds a number of 32 columns.
  static std::int64_t offset_of(std::int64_t block) {
    return block / kGroups * static_cast<std::int64_t>(sizeof(Block));
  }
};

inline void split_nibbles(const std::uint8_t* bytes, std::int16_t* out) {
  for (int j = 0; j < 16; ++j) {
    out[j] = static_cast<std::int16_t>(bytes[j] & 15);
    out[16 + j] = static_cast<std::int16_t>(bytes[j] >> 4);
  }
}

inline void add_fifth_bits(const std::array<std::uint8_t, 4>& bytes, std::int16_t* out) {
  const auto bits = std::bit_cast<std::uint32_t>(bytes);
  for (int j = 0; j < 32; ++j) out[j] = static_cast<std::int16_t>(out[j] | static_cast<int>(bits >> j & 1) << 4);
}

#if ROCMFORGE_CPU_REAL_VECTORS
inline HWY_ATTR Quads load_nibbles(const GroupRows& rows, int j, std::int64_t offset) {
  const Bytes pairs = load_parts(rows, j, offset);
  return widen(low_nibbles(pairs), high_nibbles(pairs));
}

// Columns 8i to 8i + 7 take the bits of byte i.
inline HWY_ATTR Quads load_five_bits(const GroupRows& rows, int j, std::int64_t bits_offset,
                                     std::int64_t nibbles_offset) {
  alignas(16) static constexpr std::uint8_t kByteOfLow[16] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1};
  alignas(16) static constexpr std::uint8_t kByteOfHigh[16] = {2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3};
  alignas(16) static constexpr std::uint8_t kBit[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
  const ByteTag tag;
  const Bytes pairs = load_parts(rows, j, nibbles_offset);
  const Bytes bits = load_words(rows, j, bits_offset);
  const Bytes bit = hn::LoadDup128(tag, kBit);
  const Bytes low = sixteen_where(hn::TableLookupBytes(bits, hn::LoadDup128(tag, kByteOfLow)), bit);
  const Bytes high = sixteen_where(hn::TableLookupBytes(bits, hn::LoadDup128(tag, kByteOfHigh)), bit);
  return widen(hn::Or(low_nibbles(pairs), low), hn::Or(high_nibbles(pairs), high));
}
#endif

// Blocks of 32 that begin with a half as their scale, and perhaps a second as their minimum.
template <typename Block, int kOffset = 0, bool kHasMinimum = false>
struct HalfScaled : FormatBase<Block, kOffset, kHasMinimum> {
  static float scale(const Block& block, int) { return to_float(block.scale); }
  static float minimum(const Block& block, int) {
    if constexpr (kHasMinimum) return to_float(block.offset);
    return 0;
  }

#if ROCMFORGE_CPU_REAL_VECTORS
  static HWY_ATTR void load_scales(const GroupRows& rows, std::int64_t first, int count, ChunkScales& scales) {
    const std::int64_t offset = first * static_cast<std::int64_t>(sizeof(Block));
    half_scales(rows, offset, sizeof(Block), count, scales.scale);
    if constexpr (kHasMinimum) half_scales(rows, offset + 2, sizeof(Block), count, scales.minimum);
  }
  static std::int64_t at(std::int64_t block, std::size_t field) {
    return block * static_cast<std::int64_t>(sizeof(Block)) + static_cast<std::int64_t>(field);
  }
#endif
};

struct FormatQ4_0 : HalfScaled<quant::BlockQ4_0, 8> {
  static void unpack(const Block& block, int, std::int16_t* out) { split_nibbles(block.nibbles.data(), out); }
#if ROCMFORGE_CPU_REAL_VECTORS
  static HWY_ATTR Quads unpack(const GroupRows& rows, int j, std::int64_t block) {
    return load_nibbles(rows, j, at(block, offsetof(Block, nibbles)));
  }
#endif
};

struct FormatQ4_1 : HalfScaled<quant::BlockQ4_1, 0, true> {
  static void unpack(const Block& block, int, std::int16_t* out) { split_nibbles(block.nibbles.data(), out); }
#if ROCMFORGE_CPU_REAL_VECTORS
  static HWY_ATTR Quads unpack(const GroupRows& rows, int j, std::int64_t block) {
    return load_nibbles(rows, j, at(block, offsetof(Block, nibbles)));
  }
#endif
};

struct FormatQ5_0 : HalfScaled<quant::BlockQ5_0, 16> {
  static void unpack(const Block& block, int, std::int16_t* out) {
    split_nibbles(block.nibbles.data(), out);
    add_fifth_bits(block.fifth_bits, out);
  }
#if ROCMFORGE_CPU_REAL_VECTORS
  static HWY_ATTR Quads unpack(const GroupRows& rows, int j, std::int64_t block) {
    return load_five_bits(rows, j, at(block, offsetof(Block, fifth_bits)), at(block, offsetof(Block, nibbles)));
  }
#endif
};

struct FormatQ5_1 : HalfScaled<quant::BlockQ5_1, 0, true> {
  static void unpack(const Block& block, int, std::int16_t* out) {
    split_nibbles(block.nibbles.data(), out);
    add_fifth_bits(block.fifth_bits, out);
  }
#if ROCMFORGE_CPU_REAL_VECTORS
  static HWY_ATTR Quads unpack(const GroupRows& rows, int j, std::int64_t block) {
    return load_five_bits(rows, j, at(block, offsetof(Block, fifth_bits)), at(block, offsetof(Block, nibbles)));
  }
#endif
};

struct FormatQ8_0 : HalfScaled<quant::BlockQ8_0> {
  static void unpack(const Block& block, int, std::int16_t* out) { std::ranges::copy(block.quants, out); }
#if ROCMFORGE_CPU_REAL_VECTORS
  static HWY_ATTR Quads unpack(const GroupRows& rows, int j, std::int64_t block) {
    const std::int64_t offset = at(block, offsetof(Block, quants));
    return widen_signed(load_parts(rows, j, offset), load_parts(rows, j, offset + 16));
  }
#endif
};

struct FormatIQ4_NL : HalfScaled<quant::BlockIQ4_NL> {
  static void unpack(const Block& block, int, std::int16_t* out) {
    split_nibbles(block.nibbles.data(), out);
    for (int j = 0; j < 32; ++j) out[j] = quant::kIq4Values[static_cast<std::size_t>(out[j])];
  }
#if ROCMFORGE_CPU_REAL_VECTORS
  static HWY_ATTR Quads unpack(const GroupRows& rows, int j, std::int64_t block) {
    return look_up(quant::kIq4Values, load_parts(rows, j, at(block, offsetof(Block, nibbles))));
  }
#endif
};

// E2M1's values are halves: the integers are twice as great, and the scale is half.
inline constexpr std::array<std::int8_t, 16> kE2M1Doubled = [] {
  std::array<std::int8_t, 16> doubled{};
  for (std::size_t code = 0; code < 16; ++code) {
    doubled[code] = static_cast<std::int8_t>(2 * quant::kE2M1Values[code]);
  }
  return doubled;
}();

struct FormatMXFP4 : FormatBase<quant::BlockMXFP4> {
  static void unpack(const Block& block, int, std::int16_t* out) {
    split_nibbles(block.nibbles.data(), out);
    for (int j = 0; j < 32; ++j) out[j] = kE2M1Doubled[static_cast<std::size_t>(out[j])];
  }
  static float scale(const Block& block, int) { return 0.5f * to_float(block.scale); }
#if ROCMFORGE_CPU_REAL_VECTORS
  static HWY_ATTR Quads unpack(const GroupRows& rows, int j, std::int64_t block) {
    return look_up(kE2M1Doubled, load_parts(rows, j, offset_of(block) + 1));
  }
#endif
};

struct FormatIQ4_XS : FormatBase<quant::BlockIQ4_XS> {
  static void unpack(const Block& block, int group, std::int16_t* out) {
    split_nibbles(&block.nibbles[16 * group], out);
    for (int j = 0; j < 32; ++j) out[j] = quant::kIq4Values[static_cast<std::size_t>(out[j])];
  }
  static float scale(const Block& block, int group) {
    return to_float(block.scale) * static_cast<float>(quant::group_scale(block, group));
  }
#if ROCMFORGE_CPU_REAL_VECTORS
  static HWY_ATTR Quads unpack(const GroupRows& rows, int j, std::int64_t block) {
    const std::int64_t nibbles = static_cast<std::int64_t>(offsetof(Block, nibbles)) + 16 * (block % kGroups);
    return look_up(quant::kIq4Values, load_parts(rows, j, offset_of(block) + nibbles));
  }
#endif
};

}  // namespace rocmforge::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
