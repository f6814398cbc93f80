// IQ3_S: 256 values as 64 points of a four-dimensional grid of 512, with one sign bit per value and a 4-bit scale per
// 32 values.
#pragma once

#include "quant/iq_eights.h"

namespace rocmforge::quant {

struct BlockIQ3_S {
  static constexpr int kValues = 256;
  static constexpr int kGroupValues = 32;
  static constexpr int kGroups = 8;
  Half scale;
  std::array<std::uint8_t, 64> points;      // the low bits of the grid indices
  std::array<std::uint8_t, 8> points_high;  // one bit per point
  std::array<std::uint8_t, 32> signs;       // bit j % 8 of byte j / 8: value j is negative
  std::array<std::uint8_t, 4> scales;       // one nibble per group
};
static_assert(sizeof(BlockIQ3_S) == 110);

inline SignedEight eight_of(const BlockIQ3_S& block, int number) {
  const int group_scale = block.scales[number / 8] >> 4 * (number / 4 % 2) & 15;
  const float step = to_float(block.scale) * static_cast<float>(1 + 2 * group_scale);
  const std::uint8_t* points = &block.points[2 * number];
  const int high = block.points_high[number / 4] >> 2 * (number % 4);
  return {bytes_of(kIq3SGrid[points[0] | (high & 1) << 8], kIq3SGrid[points[1] | (high & 2) << 7]), step,
          block.signs[number]};
}

inline void pack(const GridParts<8, 64>& parts, BlockIQ3_S& block) {
  block = {parts.scale, {}, {}, parts.signs, {}};
  for (int point = 0; point < 64; ++point) {
    block.points[point] = static_cast<std::uint8_t>(parts.points[point] & 255);
    block.points_high[point / 8] |= static_cast<std::uint8_t>(parts.points[point] >> 8 << point % 8);
  }
  for (int group = 0; group < 8; ++group) {
    block.scales[group / 2] |= static_cast<std::uint8_t>(parts.group_scale[group] << 4 * (group % 2));
  }
}

}  // namespace rocmforge::quant
