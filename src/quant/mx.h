// The common part of the OCP Microscaling v1.0 formats: 32 values share a power of two as scale (E8M0), and each is a
// small floating-point number.
#pragma once

#include "quant/block.h"

namespace rocmforge::quant {

// The values of all codes of an element format.
template <typename Element>
inline constexpr auto kValueOfCode = [] {
  std::array<float, 1 << Element::kBits> values{};
  for (int code = 0; code < 1 << Element::kBits; ++code)
    values[code] = Element::decode(static_cast<std::uint8_t>(code));
  return values;
}();

// A scale and its inverse. Scale codes run to 254; 255 is NaN, which makes every value NaN.
struct MxScaleChoice {
  E8M0 scale;
  float inverse;
};

inline float mx_inverse(int code) { return std::bit_cast<float>(static_cast<std::uint32_t>(254 - code) << 23); }

// Returns the squared error in units of the scale.
template <typename Element>
float mx_error(Values<32> values, int code) {
  const float inverse = mx_inverse(code);
  std::array<float, 32> squares;
  for (int j = 0; j < 32; ++j) {
    const float scaled = values[j] * inverse;
    const float difference = scaled - Element::nearest(scaled);
    squares[j] = difference * difference;
  }
  return sum(squares);
}

// Chooses a scale. The specification's scale puts the greatest magnitude into the elements' top binade, where it may
// saturate. The next greater scale never saturates but is coarser. The one with the smaller error is chosen.
template <typename Element>
MxScaleChoice mx_choose_scale(Values<32> values) {
  const float greatest = greatest_magnitude(values);
  const int exponent = static_cast<int>(std::bit_cast<std::uint32_t>(greatest) >> 23);
  int code = std::clamp(exponent - Element::kMaxExponent, 0, 253);
  const float next = to_float(E8M0{static_cast<std::uint8_t>(code + 1)});
  const float next_greatest = Element::nearest(greatest * mx_inverse(code + 1)) * next;
  if (is_finite(next_greatest) && 4 * mx_error<Element>(values, code + 1) < mx_error<Element>(values, code)) ++code;
  return {E8M0{static_cast<std::uint8_t>(code)}, mx_inverse(code)};
}

// Returns the elements' codes for a given scale.
template <typename Element>
std::array<std::uint8_t, 32> mx_codes(Values<32> values, float inverse_scale) {
  std::array<std::uint8_t, 32> codes;
  for (int j = 0; j < 32; ++j) codes[j] = Element::encode_saturating(values[j] * inverse_scale);
  return codes;
}

}  // namespace rocmforge::quant
