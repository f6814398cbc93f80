// For every combination of the levels that an IQ grid's values have, the points of the grid that lie nearest: where an
// encoder looks for the best point, once it has rounded its values to levels.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace rocmforge::quant {

// Sixteen of 256 to 1024: with eight the error grows by half a per cent, with all of them it falls by a thousandth.
inline constexpr int kNeighbours = 16;

template <int kDimensions>
struct Neighbours {
  std::array<std::array<std::uint8_t, kNeighbours>, kDimensions> coordinates;  // a vector a dimension
  std::array<std::uint16_t, kNeighbours> points;                               // numbers in the grid, nearest first
};

// The combination's number counts the levels of the first value by ones, of the second by as many as there are levels.
// Made when first asked for; safe to be called from several threads.
const std::vector<Neighbours<8>>& iq2_s_neighbours();
const std::vector<Neighbours<4>>& iq3_xxs_neighbours();
const std::vector<Neighbours<4>>& iq3_s_neighbours();

}  // namespace rocmforge::quant
