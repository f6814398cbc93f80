// For every combination of the levels of an IQ grid's values, the nearest points of the grid. An encoder rounds its
// values to levels and then searches for the best point among these.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace rocmforge::quant {

// 16 of 256 to 1024 points: with 8 the error grows by 0.5 %, with all of them it falls by 0.1 %.
inline constexpr int kNeighbours = 16;

template <int kDimensions>
struct Neighbours {
  std::array<std::array<std::uint8_t, kNeighbours>, kDimensions> coordinates;  // one vector per dimension
  std::array<std::uint16_t, kNeighbours> points;                               // indices in the grid, nearest first
};

// Return the neighbours, indexed by the combination of levels: the index is a number in base (number of levels) with
// the first value as the lowest digit. Computed on the first call; safe to call from several threads.
const std::vector<Neighbours<8>>& iq2_s_neighbours();
const std::vector<Neighbours<4>>& iq3_xxs_neighbours();
const std::vector<Neighbours<4>>& iq3_s_neighbours();

}  // namespace rocmforge::quant
