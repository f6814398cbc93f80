// Explicitly vectorized encoders of the simple formats. encode_fast() gives the same bytes as the blocks' own encode().
// Included once per Highway target; the fallback targets have none.

#if defined(ROCMFORGE_QUANT_FAST_ENCODERS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ROCMFORGE_QUANT_FAST_ENCODERS_INL_H_
#undef ROCMFORGE_QUANT_FAST_ENCODERS_INL_H_
#else
#define ROCMFORGE_QUANT_FAST_ENCODERS_INL_H_
#endif

#include <hwy/highway.h>

#include "quant/eight_lanes-inl.h"
#include "quant/q4_0.h"
#include "quant/q4_1.h"
#include "quant/q5_0.h"
#include "quant/q5_1.h"
#include "quant/q8_0.h"

HWY_BEFORE_NAMESPACE();
namespace rocmforge::quant::HWY_NAMESPACE {
#if ROCMFORGE_QUANT_REAL_VECTORS

// Returns the same as range_of() in block.h.
inline HWY_ATTR Range fast_range_of(Values<32> values) {
  EightFloats low = hn::LoadU(EightTag(), values.data());
  EightFloats high = low;
  for (int j = eight_lanes(); j < 32; j += eight_lanes()) {
    const EightFloats x = hn::LoadU(EightTag(), &values[j]);
    low = hn::Min(low, x);
    high = hn::Max(high, x);
  }
  return {hn::GetLane(hn::MinOfLanes(EightTag(), low)) + 0.0f, hn::GetLane(hn::MaxOfLanes(EightTag(), high)) + 0.0f};
}

// Computes the nearest integers to (x - offset) * inverse in [low, high], plus `added`.
struct Quantizer {
  float offset;
  float inverse;
  int low;
  int high;
  int added;

  HWY_ATTR EightInts operator()(const float* x) const {
    constexpr float kMagic = 0x1.8p23f;  // the sum of this and a number has the nearest integer in its lowest bits
    const EightFloats scaled = (hn::LoadU(EightTag(), x) - hn::Set(EightTag(), offset)) * hn::Set(EightTag(), inverse);
    const EightFloats at_least_low = hn::Max(scaled, hn::Set(EightTag(), static_cast<float>(low)));
    const EightFloats clamped = hn::Min(at_least_low, hn::Set(EightTag(), static_cast<float>(high)));
    const EightInts bits = hn::BitCast(EightIntsTag(), clamped + hn::Set(EightTag(), kMagic));
    return bits + hn::Set(EightIntsTag(), added - std::bit_cast<std::int32_t>(kMagic));
  }
};

// Stores numbers from 0 to 255 as bytes.
inline HWY_ATTR void store_bytes(EightInts numbers, std::uint8_t* out) {
  const hn::RebindToUnsigned<EightIntsTag> unsigned_tag;
  hn::StoreU(hn::U8FromU32(hn::BitCast(unsigned_tag, numbers)), hn::Rebind<std::uint8_t, EightTag>(), out);
}

// Stores quants from 0 to 15: value j in the low half of byte j, value 16 + j in the high half.
inline HWY_ATTR void store_nibbles(Values<32> values, Quantizer quantize, std::uint8_t* nibbles) {
  for (int j = 0; j < 16; j += eight_lanes()) {
    store_bytes(hn::Or(quantize(&values[j]), hn::ShiftLeft<4>(quantize(&values[16 + j]))), nibbles + j);
  }
}

// Returns bit 4 of each quant.
inline HWY_ATTR std::uint32_t fifth_bits_of(EightInts quants) {
  std::array<std::uint8_t, 8> bits{};
  hn::StoreMaskBits(EightIntsTag(), hn::TestBit(quants, hn::Set(EightIntsTag(), 16)), bits.data());
  return bits[0];
}

// Stores the low four bits of quants from 0 to 31 like store_nibbles(), and returns the fifth bits: bit j is that of
// value j.
inline HWY_ATTR std::array<std::uint8_t, 4> store_five_bits(Values<32> values, Quantizer quantize,
                                                            std::uint8_t* nibbles) {
  std::uint32_t fifth_bits = 0;
  for (int j = 0; j < 16; j += eight_lanes()) {
    const EightInts low = quantize(&values[j]);
    const EightInts high = quantize(&values[16 + j]);
    fifth_bits |= fifth_bits_of(low) << j | fifth_bits_of(high) << (16 + j);
    const EightInts fifteen = hn::Set(EightIntsTag(), 15);
    store_bytes(hn::Or(hn::And(low, fifteen), hn::ShiftLeft<4>(hn::And(high, fifteen))), nibbles + j);
  }
  return std::bit_cast<std::array<std::uint8_t, 4>>(fifth_bits);
}

inline HWY_ATTR bool encode_fast(Values<32> values, BlockQ4_0& block) {
  block.scale = scale_to_half(fast_range_of(values).extreme() / -8);
  store_nibbles(values, {0, inverse_or_zero(to_float(block.scale)), -8, 7, 8}, block.nibbles.data());
  return is_finite(block.scale);
}

inline HWY_ATTR bool encode_fast(Values<32> values, BlockQ5_0& block) {
  block.scale = scale_to_half(fast_range_of(values).extreme() / -16);
  block.fifth_bits =
      store_five_bits(values, {0, inverse_or_zero(to_float(block.scale)), -16, 15, 16}, block.nibbles.data());
  return is_finite(block.scale);
}

inline HWY_ATTR bool encode_fast(Values<32> values, BlockQ4_1& block) {
  choose_scale(fast_range_of(values), block);
  const float inverse = inverse_or_zero(to_float(block.scale));
  store_nibbles(values, {to_float(block.offset), inverse, 0, 15, 0}, block.nibbles.data());
  return is_finite(block.scale) && is_finite(block.offset);
}

inline HWY_ATTR bool encode_fast(Values<32> values, BlockQ5_1& block) {
  choose_scale(fast_range_of(values), block);
  const float inverse = inverse_or_zero(to_float(block.scale));
  block.fifth_bits = store_five_bits(values, {to_float(block.offset), inverse, 0, 31, 0}, block.nibbles.data());
  return is_finite(block.scale) && is_finite(block.offset);
}

inline HWY_ATTR bool encode_fast(Values<32> values, BlockQ8_0& block) {
  const Range range = fast_range_of(values);
  block.scale = scale_to_half(std::max(range.high, -range.low) / 127);
  const Quantizer quantize{0, inverse_or_zero(to_float(block.scale)), -127, 127, 0};
  for (int j = 0; j < 32; j += eight_lanes()) {
    const EightInts lowest_bytes = hn::And(quantize(&values[j]), hn::Set(EightIntsTag(), 255));
    store_bytes(lowest_bytes, reinterpret_cast<std::uint8_t*>(&block.quants[j]));
  }
  return is_finite(block.scale);
}

#endif
}  // namespace rocmforge::quant::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
