// IQ2_S: 256 values as 32 points of an eight-dimensional grid of 1024, with 8 sign bits per point and a 4-bit scale per
// 16 values.
#pragma once

#include "quant/iq_eights.h"

namespace rocmforge::quant {

struct BlockIQ2_S {
  static constexpr int kValues = 256;
  static constexpr int kGroupValues = 16;
  static constexpr int kGroups = 16;
  Half scale;
  std::array<std::uint8_t, 32> points;      // the low bits of the grid indices
  std::array<std::uint8_t, 32> signs;       // bit j: value j of the point is negative
  std::array<std::uint8_t, 8> points_high;  // two bits per point
  std::array<std::uint8_t, 8> scales;       // one nibble per two points
};
static_assert(sizeof(BlockIQ2_S) == 82);

inline SignedEight eight_of(const BlockIQ2_S& block, int number) {
  const int group_scale = block.scales[number / 4] >> 4 * (number / 2 % 2) & 15;
  const float step = to_float(block.scale) * (0.5f + static_cast<float>(group_scale)) * 0.25f;
  const int high = block.points_high[number / 4] >> 2 * (number % 4) & 3;
  return {bytes_of(kIq2SGrid[block.points[number] | high << 8]), step, block.signs[number]};
}

inline void pack(const GridParts<16, 32>& parts, BlockIQ2_S& block) {
  block = {parts.scale, {}, parts.signs, {}, {}};
  for (int point = 0; point < 32; ++point) {
    block.points[point] = static_cast<std::uint8_t>(parts.points[point] & 255);
    block.points_high[point / 4] |= static_cast<std::uint8_t>(parts.points[point] >> 8 << 2 * (point % 4));
  }
  for (int group = 0; group < 16; ++group) {
    block.scales[group / 2] |= static_cast<std::uint8_t>(parts.group_scale[group] << 4 * (group % 2));
  }
}

}  // namespace rocmforge::quant
