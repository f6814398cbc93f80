// The codebooks of the IQ formats: fixed points of a lattice, by whose index groups of four or eight values are
// encoded.
#pragma once

#include <array>
#include <cstdint>

namespace rocmforge::quant {

template <typename T, int kDimensions, int kPoints>
using Grid = std::array<std::array<T, kDimensions>, kPoints>;

// Points with magnitudes; the signs are stored separately.
extern const Grid<std::uint8_t, 8, 256> kIq2XxsGrid;
extern const Grid<std::uint8_t, 8, 512> kIq2XsGrid;
extern const Grid<std::uint8_t, 8, 1024> kIq2SGrid;
extern const Grid<std::uint8_t, 4, 256> kIq3XxsGrid;
extern const Grid<std::uint8_t, 4, 512> kIq3SGrid;
// Points with signed values.
extern const Grid<std::int8_t, 8, 2048> kIq1SGrid;

// The possible values of the points' coordinates.
inline constexpr std::array<std::uint8_t, 3> kIq2Levels = {8, 25, 43};
inline constexpr std::array<std::uint8_t, 8> kIq3XxsLevels = {4, 12, 20, 28, 36, 44, 52, 62};
inline constexpr std::array<std::uint8_t, 8> kIq3SLevels = {1, 3, 5, 7, 9, 11, 13, 15};
inline constexpr std::array<std::int8_t, 3> kIq1Levels = {-1, 0, 1};

inline constexpr float kIq1Delta = 0.125f;

// Returns eight sign bits from seven: the eighth makes the number of minus signs even.
constexpr std::uint8_t with_parity(std::uint32_t seven_bits) {
  const std::uint32_t folded = seven_bits ^ (seven_bits >> 4);
  const std::uint32_t parity = (0x6996u >> (folded & 15)) & 1;
  return static_cast<std::uint8_t>(seven_bits | (parity << 7));
}

// The 4-bit codebook of IQ4_NL and IQ4_XS. It is denser around zero, like the distribution of weights.
inline constexpr std::array<std::int8_t, 16> kIq4Values = {-127, -104, -83, -65, -49, -35, -22, -10,
                                                           1,    13,   25,  38,  53,  69,  89,  113};

}  // namespace rocmforge::quant
