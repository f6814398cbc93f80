#include "quant/grid_neighbours.h"

#include <algorithm>
#include <utility>

#include "quant/grids.h"

namespace rocmforge::quant {
namespace {

template <int kDimensions, int kPoints>
Neighbours<kDimensions> neighbours_of(const std::array<int, kDimensions>& place,
                                      const Grid<std::uint8_t, kDimensions, kPoints>& grid) {
  std::array<std::pair<int, std::uint16_t>, kPoints> by_distance;
  for (int p = 0; p < kPoints; ++p) {
    int distance = 0;
    for (int d = 0; d < kDimensions; ++d) distance += (grid[p][d] - place[d]) * (grid[p][d] - place[d]);
    by_distance[p] = {distance, static_cast<std::uint16_t>(p)};
  }
  std::partial_sort(by_distance.begin(), by_distance.begin() + kNeighbours, by_distance.end());
  Neighbours<kDimensions> nearest;
  for (int n = 0; n < kNeighbours; ++n) {
    nearest.points[n] = by_distance[n].second;
    for (int d = 0; d < kDimensions; ++d) nearest.coordinates[d][n] = grid[nearest.points[n]][d];
  }
  return nearest;
}

template <int kDimensions, int kPoints, std::size_t kLevels>
std::vector<Neighbours<kDimensions>> all_neighbours(const Grid<std::uint8_t, kDimensions, kPoints>& grid,
                                                    const std::array<std::uint8_t, kLevels>& levels) {
  std::size_t combinations = 1;
  for (int d = 0; d < kDimensions; ++d) combinations *= kLevels;
  std::vector<Neighbours<kDimensions>> found(combinations);
  for (std::size_t combination = 0; combination < combinations; ++combination) {
    std::array<int, kDimensions> place;
    std::size_t rest = combination;
    for (int d = 0; d < kDimensions; ++d, rest /= kLevels) place[d] = levels[rest % kLevels];
    found[combination] = neighbours_of<kDimensions, kPoints>(place, grid);
  }
  return found;
}

}  // namespace

const std::vector<Neighbours<8>>& iq2_s_neighbours() {
  static const auto neighbours = all_neighbours<8, 1024>(kIq2SGrid, kIq2Levels);
  return neighbours;
}

const std::vector<Neighbours<4>>& iq3_xxs_neighbours() {
  static const auto neighbours = all_neighbours<4, 256>(kIq3XxsGrid, kIq3XxsLevels);
  return neighbours;
}

const std::vector<Neighbours<4>>& iq3_s_neighbours() {
  static const auto neighbours = all_neighbours<4, 512>(kIq3SGrid, kIq3SLevels);
  return neighbours;
}

}  // namespace rocmforge::quant
