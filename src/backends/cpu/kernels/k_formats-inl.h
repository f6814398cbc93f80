// The K formats for block_formats-inl.h: superblocks of 256 columns. Included once per Highway target.

#if defined(ROCMFORGE_CPU_K_FORMATS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ROCMFORGE_CPU_K_FORMATS_INL_H_
#undef ROCMFORGE_CPU_K_FORMATS_INL_H_
#else
#define ROCMFORGE_CPU_K_FORMATS_INL_H_
#endif

#include "backends/cpu/kernels/block_formats-inl.h"
#include "quant/q4_k.h"
#include "quant/q5_k.h"
#include "quant/q6_k.h"

HWY_BEFORE_NAMESPACE();
namespace rocmforge::cpu::HWY_NAMESPACE {

// The eight scales, then the eight minima, as k_scales.h unpacks them, four bytes at a time.
inline void unpack_k_scales(const quant::PackedKScales& packed, std::uint8_t* out) {
  std::uint32_t words[3];
  std::memcpy(words, packed.data(), sizeof(words));
  const std::uint32_t unpacked[4] = {
      words[0] & 0x3f3f3f3fu, (words[2] & 0x0f0f0f0fu) | (words[0] >> 2 & 0x30303030u), words[1] & 0x3f3f3f3fu,
      (words[2] >> 4 & 0x0f0f0f0fu) | (words[1] >> 2 & 0x30303030u)};
  std::memcpy(out, unpacked, sizeof(unpacked));
}

// What Q4_K and Q5_K share.
template <typename BlockType>
struct KFormat : FormatBase<BlockType, 0, true> {
  using Block = BlockType;
  static float scale(const Block& block, int group) {
    return to_float(block.scale) * static_cast<float>(quant::unpack(block.scales).scale[group]);
  }
  static float minimum(const Block& block, int group) {
    return -(to_float(block.minimum) * static_cast<float>(quant::unpack(block.scales).minimum[group]));
  }

#if ROCMFORGE_CPU_REAL_VECTORS
  // `first` is a superblock's first block, and `count` all of its eight.
  static HWY_ATTR void load_scales(const GroupRows& rows, std::int64_t first, int, ChunkScales& scales) {
    const std::int64_t offset = KFormat::offset_of(first);
    alignas(64) std::uint8_t bytes[kGroupRows * 16];
    for (int r = 0; r < kGroupRows; ++r) {
      const auto* block = reinterpret_cast<const Block*>(rows[static_cast<std::size_t>(r)] + offset);
      unpack_k_scales(block->scales, bytes + 16 * r);
    }
    transpose(bytes);
    const Floats scale = halves_of_rows(rows, offset);
    const Floats minimum = hn::Neg(halves_of_rows(rows, offset + 2));
    for (int b = 0; b < kChunkBlocks; ++b) {
      hn::Store(scale * to_floats(bytes + b * kGroupRows), FloatTag(), scales.scale[b]);
      hn::Store(minimum * to_floats(bytes + (8 + b) * kGroupRows), FloatTag(), scales.minimum[b]);
    }
  }

  // Of each 64 values, byte j holds value j low and 32 + j high.
  static HWY_ATTR Bytes load_nibbles(const GroupRows& rows, int j, std::int64_t block, std::int64_t nibbles) {
    const Bytes pairs = load_parts(rows, j, KFormat::offset_of(block) + nibbles + 32 * (block % 8 / 2));
    return block % 2 == 0 ? low_nibbles(pairs) : high_nibbles(pairs);
  }
#endif
};

template <typename Block>
void unpack_k_nibbles(const Block& block, int group, std::int16_t* out) {
  for (int j = 0; j < 32; ++j) {
    out[j] = static_cast<std::int16_t>(block.nibbles[32 * (group / 2) + j] >> 4 * (group % 2) & 15);
  }
}

struct FormatQ4_K : KFormat<quant::BlockQ4_K> {
  static void unpack(const Block& block, int group, std::int16_t* out) { unpack_k_nibbles(block, group, out); }
#if ROCMFORGE_CPU_REAL_VECTORS
  static HWY_ATTR Quads unpack(const GroupRows& rows, int j, std::int64_t block) {
    constexpr std::int64_t kNibbles = offsetof(Block, nibbles);
    return widen(load_nibbles(rows, j, block, kNibbles), load_nibbles(rows, j, block, kNibbles + 16));
  }
#endif
};

struct FormatQ5_K : KFormat<quant::BlockQ5_K> {
  static void unpack(const Block& block, int group, std::int16_t* out) {
    unpack_k_nibbles(block, group, out);
    for (int j = 0; j < 32; ++j) {
      out[j] = static_cast<std::int16_t>(out[j] | (block.fifth_bits[j] >> group & 1) << 4);
    }
  }
#if ROCMFORGE_CPU_REAL_VECTORS
  static HWY_ATTR Quads unpack(const GroupRows& rows, int j, std::int64_t block) {
    return widen(load_five_bits_of(rows, j, block, 0), load_five_bits_of(rows, j, block, 16));
  }
  // Sixteen columns from `first` on; bit g of byte j is value 32 g + j's.
  static HWY_ATTR Bytes load_five_bits_of(const GroupRows& rows, int j, std::int64_t block, std::int64_t first) {
    const Bytes bits =
        load_parts(rows, j, offset_of(block) + static_cast<std::int64_t>(offsetof(Block, fifth_bits)) + first);
    const Bytes bit = hn::Set(ByteTag(), static_cast<std::uint8_t>(1 << block % 8));
    const std::int64_t nibbles = static_cast<std::int64_t>(offsetof(Block, nibbles)) + first;
    return hn::Or(load_nibbles(rows, j, block, nibbles), sixteen_where(bits, bit));
  }
#endif
};

// The groups of 16 have scales of their own, from -128 to 127, so these are multiplied in: integers of at most 4096.
struct FormatQ6_K : FormatBase<quant::BlockQ6_K> {
  static void unpack(const Block& block, int group, std::int16_t* out) {
    const int half = group / 4;
    const int quarter = group % 4;
    for (int j = 0; j < 32; ++j) {
      const int low = block.low_bits[64 * half + 32 * (quarter % 2) + j] >> 4 * (quarter / 2) & 15;
      const int high = block.high_bits[32 * half + j] >> 2 * quarter & 3;
      out[j] = static_cast<std::int16_t>(((low | high << 4) - 32) * block.scales[2 * group + j / 16]);
    }
  }
  static float scale(const Block& block, int) { return to_float(block.scale); }

#if ROCMFORGE_CPU_REAL_VECTORS
  static HWY_ATTR void load_scales(const GroupRows& rows, std::int64_t first, int, ChunkScales& scales) {
    const Floats scale = halves_of_rows(rows, offset_of(first) + static_cast<std::int64_t>(offsetof(Block, scale)));
    for (int b = 0; b < kChunkBlocks; ++b) hn::Store(scale, FloatTag(), scales.scale[b]);
  }

  static HWY_ATTR Quads unpack(const GroupRows& rows, int j, std::int64_t block) {
    const int group = static_cast<int>(block % kGroups);
    const std::int64_t offset = offset_of(block);
    const Quads quants = widen(load_six_bits(rows, j, offset, group, 0), load_six_bits(rows, j, offset, group, 16));
    const Bytes scales = load_parts(rows, j, offset + static_cast<std::int64_t>(offsetof(Block, scales)));
    Quads scaled;
    for (int q = 0; q < 4; ++q) {
      const Shorts less_32 = quants.columns[q] - hn::Set(ShortTag(), 32);
      scaled.columns[q] = less_32 * scale_of(scales, 2 * group + q / 2);
    }
    return scaled;
  }

  static HWY_ATTR Bytes load_six_bits(const GroupRows& rows, int j, std::int64_t offset, int group, int first) {
    const int half = group / 4;
    const int quarter = group % 4;
    const Bytes pairs = load_parts(rows, j, offset + 64 * half + 32 * (quarter % 2) + first);
    const Bytes fours = load_parts(
        rows, j, offset + static_cast<std::int64_t>(offsetof(Block, high_bits)) + 32 * half + first);
    const Bytes low = quarter < 2 ? low_nibbles(pairs) : high_nibbles(pairs);
    const auto mask = hn::Set(ByteTag(), 0x30);
    switch (quarter) {
      case 0: return hn::Or(low, hn::And(shift_left_within<4>(fours), mask));
      case 1: return hn::Or(low, hn::And(shift_left_within<2>(fours), mask));
      case 2: return hn::Or(low, hn::And(fours, mask));
      default: return hn::Or(low, hn::And(shift_right_within<2>(fours), mask));
    }
  }

  // Bits may cross from one byte to the next: a mask follows.
  template <int kBits>
  static HWY_ATTR Bytes shift_left_within(Bytes v) {
    return hn::BitCast(ByteTag(), hn::ShiftLeft<kBits>(hn::BitCast(ShortTag(), v)));
  }
  template <int kBits>
  static HWY_ATTR Bytes shift_right_within(Bytes v) {
    return hn::BitCast(ByteTag(), hn::ShiftRight<kBits>(hn::BitCast(ShortTag(), v)));
  }

  // Of every row the scale number `index`, in all lanes of its part.
  static HWY_ATTR Shorts scale_of(Bytes scales, int index) {
    const auto twice = hn::TableLookupBytes(scales, hn::Set(ByteTag(), static_cast<std::uint8_t>(index)));
    return hn::ShiftRight<8>(hn::BitCast(ShortTag(), twice));
  }
#endif
};

}  // namespace rocmforge::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
