// IQ2_XS: 256 values as 32 points of an eight-dimensional grid, with 7 sign bits per point and a 4-bit scale per 16
// values. Decoding only.
#pragma once

#include "quant/iq_eights.h"

namespace rocmforge::quant {

struct BlockIQ2_XS {
  static constexpr int kValues = 256;
  Half scale;
  std::array<std::uint16_t, 32> points;  // 9 bits of grid index, 7 sign bits
  std::array<std::uint8_t, 8> scales;    // one nibble per two points
};
static_assert(sizeof(BlockIQ2_XS) == 74);

inline SignedEight eight_of(const BlockIQ2_XS& block, int number) {
  const int group_scale = block.scales[number / 4] >> 4 * (number / 2 % 2) & 15;
  const float step = to_float(block.scale) * (0.5f + static_cast<float>(group_scale)) * 0.25f;
  const int point = block.points[number];
  return {bytes_of(kIq2XsGrid[point & 511]), step, with_parity(point >> 9)};
}

}  // namespace rocmforge::quant
