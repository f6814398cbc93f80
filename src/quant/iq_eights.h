// The common part of the IQ formats: a block has 32 times eight adjacent values, each from one or two points of a grid.
#pragma once

#include <cstring>

#include "quant/block.h"
#include "quant/grids.h"

namespace rocmforge::quant {

// Return the eight bytes of a point, or of two points of four values, with the first value in the lowest byte.
inline std::uint64_t bytes_of(const std::array<std::uint8_t, 8>& point) { return std::bit_cast<std::uint64_t>(point); }
inline std::uint64_t bytes_of(const std::array<std::int8_t, 8>& point) { return std::bit_cast<std::uint64_t>(point); }
inline std::uint64_t bytes_of(const std::array<std::uint8_t, 4>& low, const std::array<std::uint8_t, 4>& high) {
  return std::bit_cast<std::uint32_t>(low) | static_cast<std::uint64_t>(std::bit_cast<std::uint32_t>(high)) << 32;
}

// Eight values of IQ2 and IQ3: value j is step times byte j, negative if bit j of `signs` is set.
struct SignedEight {
  std::uint64_t magnitudes;
  float step;
  std::uint8_t signs;
};

inline void decode(const SignedEight& eight, float* out) {
  const auto magnitudes = std::bit_cast<std::array<std::uint8_t, 8>>(eight.magnitudes);
  for (int j = 0; j < 8; ++j) out[j] = with_sign(eight.step * static_cast<float>(magnitudes[j]), eight.signs, j);
}

// Eight values of IQ1: value j is step * (signed byte j + shift).
struct ShiftedEight {
  std::uint64_t levels;
  float step;
  float shift;
};

inline void decode(const ShiftedEight& eight, float* out) {
  const auto levels = std::bit_cast<std::array<std::int8_t, 8>>(eight.levels);
  for (int j = 0; j < 8; ++j) out[j] = eight.step * (static_cast<float>(levels[j]) + eight.shift);
}

// A block for which eight_of() returns groups of eight values.
template <typename Block>
concept BlockOfEights = requires(const Block& block) { eight_of(block, 0); };

template <BlockOfEights Block>
void decode(const Block& block, Decoded<256> out) {
  for (int number = 0; number < 32; ++number) decode(eight_of(block, number), &out[8 * number]);
}

// A block of IQ2_S, IQ3_XXS or IQ3_S before it is packed; iq_grids_simd.cpp chooses them.
template <int kGroups, int kPoints>
struct GridParts {
  Half scale;
  std::array<std::uint8_t, kGroups> group_scale;
  std::array<std::uint16_t, kPoints> points;  // indices in the grid
  std::array<std::uint8_t, 32> signs;         // per eight values; bit j set: value j is negative
};

}  // namespace rocmforge::quant
