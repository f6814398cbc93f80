// The formats that are multiplied as integers. Included once per Highway target.
//
// For each block of 32 columns a format defines the integers, their scale, and a minimum: value = scale * (quant -
// kOffset) + minimum. The minimum is multiplied by the sum of the activations. A new format needs only the scalar
// functions; the vector functions are for formats whose speed matters.
//
//   unpack(block, group, out)           32 integers of group `group` (of 32 columns) of a block
//   scale(block, group), minimum(...)   minimum only with kHasMinimum
//   unpack(rows, j, block) -> Quads     the same for many rows; block: index of the 32 columns
//   unpack_together(rows, j, block, quads)   the same for kTogether blocks that share bytes
//   load_scales(rows, first, count, scales)
//
// Limit of magnitudes: a sum of 32 products of an integer and an activation of at most 127 must be exact in a float,
// which requires less than 2^24. So an integer may be at most 4128. Pairs of 16-bit products are summed in 32 bits,
// which then cannot overflow.

#if defined(ROCMFORGE_CPU_BLOCK_FORMATS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ROCMFORGE_CPU_BLOCK_FORMATS_INL_H_
#undef ROCMFORGE_CPU_BLOCK_FORMATS_INL_H_
#else
#define ROCMFORGE_CPU_BLOCK_FORMATS_INL_H_
#endif

#include <algorithm>
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

// Defaults for most formats. Other formats hide these members.
template <typename BlockType, int kOffsetOfQuants = 0, bool kWithMinimum = false>
struct FormatBase {
  using Block = BlockType;
  static constexpr int kOffset = kOffsetOfQuants;
  static constexpr bool kHasMinimum = kWithMinimum;
  static constexpr int kGroups = Block::kValues / kBlockValues;  // a group is 32 columns

  // Returns the byte offset of the block that holds the 32 columns with this index.
  static constexpr std::int64_t offset_of(std::int64_t block) {
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

// Looks up 32 nibbles in a table.
inline void split_levels(const std::array<std::int8_t, 16>& table, const std::uint8_t* bytes, std::int16_t* out) {
  split_nibbles(bytes, out);
  std::transform(out, out + 32, out, [&table](std::int16_t code) { return table[static_cast<std::size_t>(code)]; });
}

#if ROCMFORGE_CPU_REAL_VECTORS
inline HWY_ATTR Quads load_nibbles(const GroupRows& rows, int j, std::int64_t offset) {
  const Bytes pairs = load_parts(rows, j, offset);
  return widen(low_nibbles(pairs), high_nibbles(pairs));
}

// Bits of byte i belong to columns 8i to 8i + 7.
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

// Blocks of 32 that begin with a half-precision scale, optionally followed by a half-precision minimum.
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
    split_levels(quant::kIq4Values, block.nibbles.data(), out);
  }
#if ROCMFORGE_CPU_REAL_VECTORS
  static HWY_ATTR Quads unpack(const GroupRows& rows, int j, std::int64_t block) {
    return look_up(quant::kIq4Values, load_parts(rows, j, at(block, offsetof(Block, nibbles))));
  }
#endif
};

// E2M1's values are multiples of 0.5, so the integers are doubled and the scale is halved.
inline constexpr std::array<std::int8_t, 16> kE2M1Doubled = [] {
  std::array<std::int8_t, 16> doubled{};
  for (std::size_t code = 0; code < 16; ++code) {
    doubled[code] = static_cast<std::int8_t>(2 * quant::kE2M1Values[code]);
  }
  return doubled;
}();

struct FormatMXFP4 : FormatBase<quant::BlockMXFP4> {
  static void unpack(const Block& block, int, std::int16_t* out) {
    split_levels(kE2M1Doubled, block.nibbles.data(), out);
  }
  static float scale(const Block& block, int) { return 0.5f * to_float(block.scale); }
#if ROCMFORGE_CPU_REAL_VECTORS
  static HWY_ATTR void load_scales(const GroupRows& rows, std::int64_t first, int count, ChunkScales& scales) {
    alignas(64) std::uint8_t codes[kChunkBlocks][kGroupRows];
    for (int r = 0; r < kGroupRows; ++r) {
      const std::byte* from = rows[static_cast<std::size_t>(r)] + offset_of(first);
      for (int b = 0; b < count; ++b)
        codes[b][r] = static_cast<std::uint8_t>(from[b * static_cast<int>(sizeof(Block))]);
    }
    const IntTag tag;
    const hn::Rebind<std::uint8_t, IntTag> byte_tag;
    for (int b = 0; b < count; ++b) {
      const Ints code = hn::PromoteTo(tag, hn::Load(byte_tag, codes[b]));
      const Ints least = hn::Set(tag, 0x00400000);  // as in to_float(E8M0): 2^-127 for 0, NaN for 255
      const Ints nan = hn::Set(tag, 0x7fc00000);
      Ints bits = hn::ShiftLeft<23>(code);
      bits = hn::IfThenElse(hn::Eq(code, hn::Zero(tag)), least, bits);
      bits = hn::IfThenElse(hn::Eq(code, hn::Set(tag, 255)), nan, bits);
      hn::Store(hn::Set(FloatTag(), 0.5f) * hn::BitCast(FloatTag(), bits), FloatTag(), scales.scale[b]);
    }
  }
  static HWY_ATTR Quads unpack(const GroupRows& rows, int j, std::int64_t block) {
    return look_up(kE2M1Doubled, load_parts(rows, j, offset_of(block) + 1));
  }
#endif
};

struct FormatIQ4_XS : FormatBase<quant::BlockIQ4_XS> {
  static void unpack(const Block& block, int group, std::int16_t* out) {
    split_levels(quant::kIq4Values, &block.nibbles[16 * group], out);
  }
  static float scale(const Block& block, int group) {
    return to_float(block.scale) * static_cast<float>(quant::group_scale(block, group));
  }

#if ROCMFORGE_CPU_REAL_VECTORS
  static HWY_ATTR void load_scales(const GroupRows& rows, std::int64_t first, int, ChunkScales& scales) {
    Bytes headers[4];
    Bytes unpacked[4];
    for (int j = 0; j < 4; ++j) {
      headers[j] = load_parts(rows, j, offset_of(first));
      unpacked[j] = unpack_scales(headers[j]);
    }
    const Headers of_groups(unpacked);
    const Floats scale = lower_halves(first_words(headers));
    for (int b = 0; b < kChunkBlocks; ++b) {
      const Floats of_group = of_groups.column(b) - hn::Set(FloatTag(), 32);
      hn::Store(scale * of_group, FloatTag(), scales.scale[b]);
    }
  }

  // Unpacks eight 6-bit numbers: their low nibbles start at byte 4 of a block, their two high bits at byte 2.
  static HWY_ATTR Bytes unpack_scales(Bytes header) {
    alignas(16) static constexpr std::uint8_t kLowByte[16] = {4, 4, 5, 5, 6, 6, 7, 7};
    alignas(16) static constexpr std::uint8_t kHighByte[16] = {2, 2, 2, 2, 3, 3, 3, 3};
    alignas(16) static constexpr std::uint8_t kEven[16] = {15, 0, 15, 0, 15, 0, 15, 0};
    alignas(16) static constexpr std::uint8_t kOdd[16] = {0, 15, 0, 15, 0, 15, 0, 15};
    alignas(16) static constexpr std::uint8_t kQuarter[4][16] = {
        {48, 0, 0, 0, 48, 0, 0, 0}, {0, 48, 0, 0, 0, 48, 0, 0}, {0, 0, 48, 0, 0, 0, 48, 0}, {0, 0, 0, 48, 0, 0, 0, 48}};
    const ByteTag tag;
    const auto constant = [tag](const std::uint8_t* bytes) HWY_ATTR { return hn::LoadDup128(tag, bytes); };
    const Bytes low = hn::TableLookupBytes(header, constant(kLowByte));
    const Bytes high = hn::TableLookupBytes(header, constant(kHighByte));
    const Bytes nibbles = hn::Or(hn::And(low, constant(kEven)), hn::And(shift_right_across<4>(low), constant(kOdd)));
    const Bytes first_half = hn::Or(hn::And(shift_left_across<4>(high), constant(kQuarter[0])),
                                    hn::And(shift_left_across<2>(high), constant(kQuarter[1])));
    const Bytes second_half =
        hn::Or(hn::And(high, constant(kQuarter[2])), hn::And(shift_right_across<2>(high), constant(kQuarter[3])));
    return hn::Or(nibbles, hn::Or(first_half, second_half));
  }

  static HWY_ATTR Quads unpack(const GroupRows& rows, int j, std::int64_t block) {
    const std::int64_t nibbles = static_cast<std::int64_t>(offsetof(Block, nibbles)) + 16 * (block % kGroups);
    return look_up(quant::kIq4Values, load_parts(rows, j, offset_of(block) + nibbles));
  }
#endif
};

}  // namespace rocmforge::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
