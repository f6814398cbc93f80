// TQ1_0: 256 ternary values share a half-precision scale. A byte holds five base-3 digits, as a fraction of 256.
#pragma once

#include "quant/ternary.h"

namespace rocmforge::quant {

struct BlockTQ1_0 {
  static constexpr int kValues = 256;
  std::array<std::uint8_t, 48> five_digits;
  std::array<std::uint8_t, 4> four_digits;
  Half scale;
};
static_assert(sizeof(BlockTQ1_0) == 54);

// The bytes are in three runs: 32 and 16 bytes with five digits each, and four bytes with four digits. Digit k of byte
// m of a run is the run's value k * (bytes of the run) + m.
inline constexpr std::array<std::uint8_t, 5> kPowersOfThree = {1, 3, 9, 27, 81};

template <int kBytes, int kDigits>
void decode_ternary_run(const std::uint8_t* bytes, float scale, float* out) {
  for (int digit = 0; digit < kDigits; ++digit) {
    for (int m = 0; m < kBytes; ++m) {
      const int value = (bytes[m] * kPowersOfThree[digit] & 255) * 3 >> 8;
      out[digit * kBytes + m] = scale * static_cast<float>(value - 1);
    }
  }
}

inline void decode(const BlockTQ1_0& block, Decoded<256> out) {
  const float scale = to_float(block.scale);
  decode_ternary_run<32, 5>(&block.five_digits[0], scale, &out[0]);
  decode_ternary_run<16, 5>(&block.five_digits[32], scale, &out[160]);
  decode_ternary_run<4, 4>(&block.four_digits[0], scale, &out[240]);
}

template <int kBytes, int kDigits>
void encode_ternary_run(const float* values, float inverse_scale, std::uint8_t* bytes) {
  for (int m = 0; m < kBytes; ++m) {
    int number = 0;
    for (int digit = 0; digit < kDigits; ++digit)
      number = 3 * number + ternary_digit(values[digit * kBytes + m], inverse_scale);
    if (kDigits == 4) number *= 3;
    bytes[m] = static_cast<std::uint8_t>((number * 256 + 242) / 243);
  }
}

// Encodes the values with a given scale.
inline bool encode_with_scale(Values<256> values, float scale, BlockTQ1_0& block) {
  block.scale = scale_to_half(scale);
  if (!is_finite(block.scale)) return false;
  const float inverse = inverse_or_zero(to_float(block.scale));
  encode_ternary_run<32, 5>(&values[0], inverse, &block.five_digits[0]);
  encode_ternary_run<16, 5>(&values[160], inverse, &block.five_digits[32]);
  encode_ternary_run<4, 4>(&values[240], inverse, &block.four_digits[0]);
  return true;
}

}  // namespace rocmforge::quant
