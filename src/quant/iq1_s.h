// IQ1_S: 256 values as 32 points of an eight-dimensional ternary grid of 2048; every 32 values share an odd scale up to
// 15 and a shift of an eighth up or down. Decoding only.
#pragma once

#include "quant/iq_eights.h"

namespace rocmforge::quant {

struct BlockIQ1_S {
  static constexpr int kValues = 256;
  Half scale;
  std::array<std::uint8_t, 32> points;  // the low bits of the grid indices
  std::array<std::uint16_t, 8>
      group_bits;  // per 32 values: 3 high bits for each of 4 points, 3 bits of scale, the shift's sign on top
};
static_assert(sizeof(BlockIQ1_S) == 50);

inline ShiftedEight eight_of(const BlockIQ1_S& block, int number) {
  const int bits = block.group_bits[number / 4];
  const int high = bits >> 3 * (number % 4) & 7;
  const float step = to_float(block.scale) * static_cast<float>(2 * (bits >> 12 & 7) + 1);
  return {bytes_of(kIq1SGrid[block.points[number] | high << 8]), step, (bits & 0x8000) != 0 ? -kIq1Delta : kIq1Delta};
}

}  // namespace rocmforge::quant
