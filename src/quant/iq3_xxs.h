// IQ3_XXS: 256 values as 64 points of a four-dimensional grid of 256. Each 32 values share a 4-bit scale, and each
// eight values have 7 sign bits.
#pragma once

#include "quant/iq_eights.h"

namespace rocmforge::quant {

struct BlockIQ3_XXS {
  static constexpr int kValues = 256;
  static constexpr int kGroupValues = 32;
  static constexpr int kGroups = 8;
  Half scale;
  std::array<std::uint8_t, 64> points;
  // 32 bits per group: four times 7 signs, the scale on top.
  std::array<std::array<std::uint8_t, 4>, 8> signs_and_scales;
};
static_assert(sizeof(BlockIQ3_XXS) == 98);

inline SignedEight eight_of(const BlockIQ3_XXS& block, int number) {
  const auto bits = std::bit_cast<std::uint32_t>(block.signs_and_scales[number / 4]);
  const float step = to_float(block.scale) * (0.5f + static_cast<float>(bits >> 28)) * 0.5f;
  const std::uint8_t* points = &block.points[2 * number];
  return {bytes_of(kIq3XxsGrid[points[0]], kIq3XxsGrid[points[1]]), step, with_parity(bits >> 7 * (number % 4) & 127)};
}

// The last sign of each eight values makes the number of minus signs even and is not stored.
inline void pack(const GridParts<8, 64>& parts, BlockIQ3_XXS& block) {
  block.scale = parts.scale;
  for (int point = 0; point < 64; ++point) block.points[point] = static_cast<std::uint8_t>(parts.points[point]);
  for (int group = 0; group < 8; ++group) {
    auto bits = static_cast<std::uint32_t>(parts.group_scale[group]) << 28;
    for (int eight = 0; eight < 4; ++eight) bits |= (parts.signs[4 * group + eight] & 127u) << 7 * eight;
    block.signs_and_scales[group] = std::bit_cast<std::array<std::uint8_t, 4>>(bits);
  }
}

}  // namespace rocmforge::quant
