// IQ1_M: IQ1_S with a scale every 16 values and a shift every eight; the block's half-precision scale is spread over
// the top nibbles of the group scales. Decoding only.
#pragma once

#include "quant/iq_eights.h"

namespace rocmforge::quant {

struct BlockIQ1_M {
  static constexpr int kValues = 256;
  std::array<std::uint8_t, 32> points;       // the low bits of the grid indices
  std::array<std::uint8_t, 16> points_high;  // one nibble per point: three high bits and the shift's sign
  std::array<std::uint16_t, 4>
      scales;  // four 3-bit scales each; in the top nibbles the block's scale, its lowest bits first
};
static_assert(sizeof(BlockIQ1_M) == 56);

inline Half block_scale(const BlockIQ1_M& block) {
  int bits = 0;
  for (int word = 0; word < 4; ++word) bits |= block.scales[word] >> 12 << 4 * word;
  return Half{static_cast<std::uint16_t>(bits)};
}

inline ShiftedEight eight_of(const BlockIQ1_M& block, int number) {
  const int group = number / 2;
  const int group_scale = block.scales[group / 4] >> 3 * (group % 4) & 7;
  const float step = to_float(block_scale(block)) * static_cast<float>(2 * group_scale + 1);
  const int high = block.points_high[number / 2] >> 4 * (number % 2) & 15;
  return {bytes_of(kIq1SGrid[block.points[number] | (high & 7) << 8]), step, (high & 8) != 0 ? -kIq1Delta : kIq1Delta};
}

}  // namespace rocmforge::quant
