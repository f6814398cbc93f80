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

// The common part of Q4_K and Q5_K.
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
  // Requires: `first` is the first block of a superblock, so that all eight blocks exist.
  static HWY_ATTR void load_scales(const GroupRows& rows, std::int64_t first, int, ChunkScales& scales) {
    Bytes headers[4];
    Bytes unpacked[4];
    for (int j = 0; j < 4; ++j) {
      headers[j] = load_parts(rows, j, KFormat::offset_of(first));
      unpacked[j] = unpack_scales(headers[j]);
    }
    const Headers of_groups(unpacked);
    const Ints halves = first_words(headers);
    const Floats scale = lower_halves(halves);
    const Floats minimum = hn::Neg(upper_halves(halves));
    for (int b = 0; b < kChunkBlocks; ++b) {
      hn::Store(scale * of_groups.column(b), FloatTag(), scales.scale[b]);
      hn::Store(minimum * of_groups.column(8 + b), FloatTag(), scales.minimum[b]);
    }
  }

  // Unpacks the eight scales, then the eight minima, four bytes at a time. They are in a block's second to fourth word;
  // k_scales.h describes their layout.
  static HWY_ATTR Bytes unpack_scales(Bytes header) {
    alignas(16) static constexpr std::uint8_t kOwn[16] = {4, 5, 6, 7, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15};
    alignas(16) static constexpr std::uint8_t kUpper[16] = {4, 5, 6, 7, 4, 5, 6, 7, 8, 9, 10, 11, 8, 9, 10, 11};
    alignas(16) static constexpr std::uint8_t kOwnBits[16] = {63, 63, 63, 63, 15, 15, 15, 15, 63, 63, 63, 63};
    alignas(16) static constexpr std::uint8_t kShiftedBits[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 15, 15, 15, 15};
    alignas(16) static constexpr std::uint8_t kUpperBits[16] = {0, 0, 0, 0, 48, 48, 48, 48, 0, 0, 0, 0, 48, 48, 48, 48};
    const ByteTag tag;
    const auto constant = [tag](const std::uint8_t* bytes) HWY_ATTR { return hn::LoadDup128(tag, bytes); };
    const Bytes own = hn::TableLookupBytes(header, constant(kOwn));
    const Bytes upper = hn::TableLookupBytes(header, constant(kUpper));
    const Bytes low =
        hn::Or(hn::And(own, constant(kOwnBits)), hn::And(shift_right_across<4>(own), constant(kShiftedBits)));
    return hn::Or(low, hn::And(shift_right_across<2>(upper), constant(kUpperBits)));
  }

  // Sixteen bytes of the nibbles of two groups, from column `first` on: of each 64 values, byte j holds value j low and
  // 32 + j high.
  static HWY_ATTR Bytes load_nibbles(const GroupRows& rows, int j, std::int64_t block, int first) {
    constexpr std::int64_t kNibbles = offsetof(Block, nibbles);
    return load_parts(rows, j, KFormat::offset_of(block) + kNibbles + 16 * (block % 8) + first);
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
  static constexpr int kTogether = 2;
  static HWY_ATTR void unpack_together(const GroupRows& rows, int j, std::int64_t block, Quads* quads) {
    const Bytes first = load_nibbles(rows, j, block, 0);
    const Bytes second = load_nibbles(rows, j, block, 16);
    quads[0] = widen(low_nibbles(first), low_nibbles(second));
    quads[1] = widen(high_nibbles(first), high_nibbles(second));
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
  static constexpr int kTogether = 2;
  static HWY_ATTR void unpack_together(const GroupRows& rows, int j, std::int64_t block, Quads* quads) {
    constexpr std::int64_t kBits = offsetof(Block, fifth_bits);
    Bytes low[2];
    Bytes high[2];
    for (int half = 0; half < 2; ++half) {
      const Bytes nibbles = load_nibbles(rows, j, block, 16 * half);
      const Bytes bits = load_parts(rows, j, offset_of(block) + kBits + 16 * half);
      low[half] = hn::Or(low_nibbles(nibbles), sixteen_where(bits, bit_of(block)));
      high[half] = hn::Or(high_nibbles(nibbles), sixteen_where(bits, bit_of(block + 1)));
    }
    quads[0] = widen(low[0], low[1]);
    quads[1] = widen(high[0], high[1]);
  }
  // Bit g of byte j is value 32 g + j's.
  static HWY_ATTR Bytes bit_of(std::int64_t block) {
    return hn::Set(ByteTag(), static_cast<std::uint8_t>(1 << block % kGroups));
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

  // Half a superblock: 64 bytes that each hold the low bits of two groups, and 32 with the high bits of all four
  // groups.
  static constexpr int kTogether = 4;
  static HWY_ATTR void unpack_together(const GroupRows& rows, int j, std::int64_t block, Quads* quads) {
    constexpr std::int64_t kHighBits = offsetof(Block, high_bits);
    constexpr std::int64_t kScales = offsetof(Block, scales);
    const std::int64_t half = block % kGroups / 4;
    const std::int64_t offset = offset_of(block);
    const Bytes scales = load_parts(rows, j, offset + kScales);
    Bytes low[4];
    for (int i = 0; i < 4; ++i) low[i] = load_parts(rows, j, offset + 64 * half + 16 * i);
    Bytes high[2];
    for (int i = 0; i < 2; ++i) high[i] = load_parts(rows, j, offset + kHighBits + 32 * half + 16 * i);

    const Bytes mask = hn::Set(ByteTag(), 0x30);
    const auto scaled = [&](Bytes first, Bytes second, int group) HWY_ATTR {
      return multiply(first, second, scales, 8 * static_cast<int>(half) + 2 * group);
    };
    quads[0] = scaled(hn::Or(low_nibbles(low[0]), hn::And(shift_left_across<4>(high[0]), mask)),
                      hn::Or(low_nibbles(low[1]), hn::And(shift_left_across<4>(high[1]), mask)), 0);
    quads[1] = scaled(hn::Or(low_nibbles(low[2]), hn::And(shift_left_across<2>(high[0]), mask)),
                      hn::Or(low_nibbles(low[3]), hn::And(shift_left_across<2>(high[1]), mask)), 1);
    quads[2] = scaled(hn::Or(high_nibbles(low[0]), hn::And(high[0], mask)),
                      hn::Or(high_nibbles(low[1]), hn::And(high[1], mask)), 2);
    quads[3] = scaled(hn::Or(high_nibbles(low[2]), hn::And(shift_right_across<2>(high[0]), mask)),
                      hn::Or(high_nibbles(low[3]), hn::And(shift_right_across<2>(high[1]), mask)), 3);
  }

  // Returns (quant - 32) * scale for 16 columns with one scale and 16 with the next. Both factors are in the upper
  // bytes of 16 bits, and the upper 16 bits of their product are the result.
  static HWY_ATTR Quads multiply(Bytes columns_0_15, Bytes columns_16_31, Bytes scales, int first_scale) {
    const ByteTag tag;
    const ShortTag short_tag;
    const Bytes zero = hn::Zero(tag);
    const Bytes level = hn::Set(tag, 32);
    const auto scale = [&](int index) HWY_ATTR {
      // 0x80 makes the lower byte 0.
      const auto place = hn::Set(short_tag, static_cast<std::int16_t>(index << 8 | 0x80));
      return hn::BitCast(short_tag, hn::TableLookupBytesOr0(scales, hn::BitCast(tag, place)));
    };
    const auto product = [&](Bytes in_upper_bytes, Shorts by)
                             HWY_ATTR { return hn::MulHigh(hn::BitCast(short_tag, in_upper_bytes), by); };
    const Bytes first = columns_0_15 - level;
    const Bytes second = columns_16_31 - level;
    const Shorts first_by = scale(first_scale);
    const Shorts second_by = scale(first_scale + 1);
    return {product(hn::InterleaveLower(tag, zero, first), first_by),
            product(hn::InterleaveUpper(tag, zero, first), first_by),
            product(hn::InterleaveLower(tag, zero, second), second_by),
            product(hn::InterleaveUpper(tag, zero, second), second_by)};
  }
#endif
};

}  // namespace rocmforge::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
