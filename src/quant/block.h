// The common part of all block formats: the types of values and weights, and rounding.
//
// A block encodes a fixed number of adjacent values of a row. Its struct has the file's layout, byte for byte,
// little-endian. decode() returns the values. encode() returns false if the block cannot hold the values because a
// scale would exceed its type. Encoders require finite values; see encode_row in codec.h.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <span>

#include "base/float_formats.h"

namespace rocmforge::quant {

static_assert(std::endian::native == std::endian::little, "blocks are read in place, and files are little-endian");

template <int kValues>
using Values = std::span<const float, kValues>;
template <int kValues>
using Decoded = std::span<float, kValues>;

// Rounds to the nearest integer, ties to even. Requires |x| < 2^22. Unlike std::lrint, every compiler vectorizes it.
constexpr int nearest_int(float x) { return static_cast<int>((x + 0x1.8p23f) - 0x1.8p23f); }

// Written out because compilers turn each line into one instruction, which they do not do for std::clamp. NaN becomes
// `low`.
constexpr int clamped_nearest(float x, int low, int high) {
  const float at_least_low = x > static_cast<float>(low) ? x : static_cast<float>(low);
  const float clamped = at_least_low < static_cast<float>(high) ? at_least_low : static_cast<float>(high);
  return nearest_int(clamped);
}

// Converts a scale to half precision. Subnormal scales are rounded away from zero: rounding down could lose all values.
constexpr Half scale_to_half(float x) {
  Half half = to_half(x);
  const bool too_small =
      magnitude_bits(to_float(half)) < magnitude_bits(x) && magnitude_bits(x) < magnitude_bits(0x1p-14f);
  half.bits = static_cast<std::uint16_t>(half.bits + (too_small ? 1 : 0));
  return half;
}

// Returns 1/x, or 0 if the scale is so small that 1/x could be infinite; all its values are then stored as 0.
constexpr float inverse_or_zero(float scale) {
  return magnitude_bits(scale) < magnitude_bits(0x1p-126f) ? 0.0f : 1.0f / scale;
}

// Maps floats to integers in the same order.
constexpr std::int32_t ordered_bits(float x) {
  const auto bits = std::bit_cast<std::int32_t>(x);
  return bits ^ ((bits >> 31) & 0x7fffffff);
}
constexpr float from_ordered_bits(std::int32_t ordered) {
  return std::bit_cast<float>(ordered ^ ((ordered >> 31) & 0x7fffffff));
}

// Returns -x if bit `bit` of `signs` is set, otherwise x.
constexpr float with_sign(float x, std::uint32_t signs, int bit) {
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(x) ^ (signs >> bit & 1) << 31);
}

struct Range {
  float low;
  float high;

  // Returns the end that is farther from zero.
  constexpr float extreme() const { return -low > high ? low : high; }
};

// Returns the range of the values. A zero end is always +0, since which of two zeros comes first would depend on the
// order of comparisons. Integers are compared, because compilers do not reorder float comparisons.
constexpr Range range_of(std::span<const float> values) {
  std::int32_t low = ordered_bits(values[0]);
  std::int32_t high = low;
  for (const float value : values) {
    low = std::min(low, ordered_bits(value));
    high = std::max(high, ordered_bits(value));
  }
  return {from_ordered_bits(low) + 0.0f, from_ordered_bits(high) + 0.0f};
}

constexpr float greatest_magnitude(std::span<const float> values) {
  std::uint32_t greatest = 0;
  for (const float value : values) greatest = std::max(greatest, magnitude_bits(value));
  return std::bit_cast<float>(greatest);
}

// Adds the upper half of the terms to the lower half repeatedly: a fixed order that can be vectorized.
template <typename Number, std::size_t kCount>
Number sum(std::array<Number, kCount> terms) {
  for (std::size_t half = kCount / 2; half > 0; half /= 2) {
    for (std::size_t j = 0; j < half; ++j) terms[j] += terms[j + half];
  }
  return terms[0];
}

}  // namespace rocmforge::quant
