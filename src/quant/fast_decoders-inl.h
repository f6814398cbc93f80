// Explicitly vectorized decoders, for blocks whose decode() compilers do not vectorize. decode_fast() gives the same
// bits as decode(). Included once per Highway target; the fallback targets have none.

#if defined(ROCMFORGE_QUANT_FAST_DECODERS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ROCMFORGE_QUANT_FAST_DECODERS_INL_H_
#undef ROCMFORGE_QUANT_FAST_DECODERS_INL_H_
#else
#define ROCMFORGE_QUANT_FAST_DECODERS_INL_H_
#endif

#include <hwy/highway.h>

#include "quant/eight_lanes-inl.h"
#include "quant/iq4_xs.h"
#include "quant/iq_eights.h"
#include "quant/mxfp4.h"
#include "quant/nvfp4.h"
#include "quant/q4_0.h"
#include "quant/q4_1.h"

HWY_BEFORE_NAMESPACE();
namespace rocmforge::quant::HWY_NAMESPACE {
#if ROCMFORGE_QUANT_REAL_VECTORS

template <typename Byte>
HWY_ATTR EightInts load_bytes(const Byte* bytes) {
  return hn::PromoteTo(EightIntsTag(), hn::LoadU(hn::Rebind<Byte, EightTag>(), bytes));
}

// ---- The IQ formats with grids ----

inline HWY_ATTR void decode_fast(const SignedEight& eight, float* out) {
  const EightFloats step = hn::Set(EightTag(), eight.step);
  const auto bytes = std::bit_cast<std::array<std::uint8_t, 8>>(eight.magnitudes);
  for (int j = 0; j < 8; j += eight_lanes()) {
    const EightFloats value = step * hn::ConvertTo(EightTag(), load_bytes(&bytes[j]));
    // Shift each lane's bit to the top.
    const EightInts signs = hn::Set(EightIntsTag(), eight.signs)
                            << (hn::Set(EightIntsTag(), 31 - j) - hn::Iota(EightIntsTag(), 0));
    const auto top_bits = hn::And(hn::BitCast(EightTag(), signs), hn::SignBit(EightTag()));
    hn::StoreU(hn::Xor(value, top_bits), EightTag(), out + j);
  }
}

inline HWY_ATTR void decode_fast(const ShiftedEight& eight, float* out) {
  const EightFloats step = hn::Set(EightTag(), eight.step);
  const EightFloats shift = hn::Set(EightTag(), eight.shift);
  const auto bytes = std::bit_cast<std::array<std::int8_t, 8>>(eight.levels);
  for (int j = 0; j < 8; j += eight_lanes()) {
    hn::StoreU(step * (hn::ConvertTo(EightTag(), load_bytes(&bytes[j])) + shift), EightTag(), out + j);
  }
}

template <BlockOfEights Block>
HWY_ATTR void decode_fast(const Block& block, Decoded<256> out) {
  for (int number = 0; number < 32; ++number) decode_fast(eight_of(block, number), &out[8 * number]);
}

// ---- Nibbles ----

// Decodes 16 bytes: the low nibbles become out[0 … 15], the high ones out[16 … 31]. to_value converts integers to
// floats.
template <typename ToValue>
HWY_ATTR void decode_nibbles(const std::uint8_t* bytes, float* out, ToValue to_value) {
  for (int j = 0; j < 16; j += eight_lanes()) {
    const EightInts pairs = load_bytes(bytes + j);
    hn::StoreU(to_value(hn::And(pairs, hn::Set(EightIntsTag(), 15))), EightTag(), out + j);
    hn::StoreU(to_value(hn::ShiftRight<4>(pairs)), EightTag(), out + 16 + j);
  }
}

inline HWY_ATTR void decode_fast(const BlockQ4_0& block, Decoded<32> out) {
  const EightFloats scale = hn::Set(EightTag(), to_float(block.scale));
  decode_nibbles(block.nibbles.data(), out.data(), [scale](EightInts quants) HWY_ATTR {
    return scale * hn::ConvertTo(EightTag(), quants - hn::Set(EightIntsTag(), 8));
  });
}

inline HWY_ATTR void decode_fast(const BlockQ4_1& block, Decoded<32> out) {
  const EightFloats scale = hn::Set(EightTag(), to_float(block.scale));
  const EightFloats offset = hn::Set(EightTag(), to_float(block.offset));
  decode_nibbles(block.nibbles.data(), out.data(), [scale, offset](EightInts quants) HWY_ATTR {
    return scale * hn::ConvertTo(EightTag(), quants) + offset;
  });
}

// ---- Nibbles that are indices of levels ----

using LevelTable = std::array<std::int8_t, 16>;

// Looks up the levels of 32 nibbles, low nibbles first.
inline HWY_ATTR void look_up(const LevelTable& table, const std::uint8_t* bytes, std::int8_t* levels) {
  const hn::FixedTag<std::uint8_t, 16> tag;
  const hn::FixedTag<std::int8_t, 16> level_tag;
  const auto table_bytes = hn::LoadU(level_tag, table.data());
  const auto pairs = hn::LoadU(tag, bytes);
  hn::StoreU(hn::TableLookupBytes(table_bytes, hn::BitCast(level_tag, hn::And(pairs, hn::Set(tag, 15)))), level_tag,
             levels);
  hn::StoreU(hn::TableLookupBytes(table_bytes, hn::BitCast(level_tag, hn::ShiftRight<4>(pairs))), level_tag,
             levels + 16);
}

inline HWY_ATTR void scale_levels(const std::int8_t* levels, int count, float scale, float* out) {
  for (int j = 0; j < count; j += eight_lanes()) {
    hn::StoreU(hn::Set(EightTag(), scale) * hn::ConvertTo(EightTag(), load_bytes(levels + j)), EightTag(), out + j);
  }
}

inline HWY_ATTR void decode_fast(const BlockIQ4_NL& block, Decoded<32> out) {
  std::array<std::int8_t, 32> levels;
  look_up(kIq4Values, block.nibbles.data(), levels.data());
  scale_levels(levels.data(), 32, to_float(block.scale), out.data());
}

inline HWY_ATTR void decode_fast(const BlockIQ4_XS& block, Decoded<256> out) {
  std::array<std::int8_t, 32> levels;
  for (int group = 0; group < 8; ++group) {
    look_up(kIq4Values, &block.nibbles[16 * group], levels.data());
    const float step = to_float(block.scale) * static_cast<float>(group_scale(block, group));
    scale_levels(levels.data(), 32, step, &out[32 * group]);
  }
}

// E2M1's values are multiples of 0.5, so the table is doubled and the scale halved. The products are exactly the same.
inline constexpr LevelTable kE2M1Doubled = [] {
  LevelTable doubled{};
  for (int code = 0; code < 16; ++code) doubled[code] = static_cast<std::int8_t>(2 * kE2M1Values[code]);
  return doubled;
}();

inline HWY_ATTR void decode_fast(const BlockMXFP4& block, Decoded<32> out) {
  std::array<std::int8_t, 32> levels;
  look_up(kE2M1Doubled, block.nibbles.data(), levels.data());
  scale_levels(levels.data(), 32, 0.5f * to_float(block.scale), out.data());
}

// Two groups of 16 per iteration. In each group, eight low nibbles come first, then eight high ones.
inline HWY_ATTR void decode_fast(const BlockNVFP4& block, Decoded<64> out) {
  std::array<std::int8_t, 32> levels;
  for (int pair = 0; pair < 2; ++pair) {
    look_up(kE2M1Doubled, &block.nibbles[16 * pair], levels.data());
    for (int group = 0; group < 2; ++group) {
      const float scale = 0.5f * decode_nvfp4_scale(block.scales[2 * pair + group]);
      scale_levels(&levels[8 * group], 8, scale, &out[32 * pair + 16 * group]);
      scale_levels(&levels[16 + 8 * group], 8, scale, &out[32 * pair + 16 * group + 8]);
    }
  }
}

#endif
}  // namespace rocmforge::quant::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
