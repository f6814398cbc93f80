// IQ2_XXS: 256 values as 32 points of an eight-dimensional grid. Each 32 values share a 4-bit scale, and each point has
// 7 sign bits. Decoding only.
#pragma once

#include "quant/iq_eights.h"

namespace rocmforge::quant {

struct BlockIQ2_XXS {
  static constexpr int kValues = 256;
  // 32 values: four grid indices, then 32 bits with 7 signs for each of the points and the scale on top.
  struct Group {
    std::array<std::uint8_t, 4> points;
    std::array<std::uint8_t, 4> signs_and_scale;
  };
  Half scale;
  std::array<Group, 8> groups;
};
static_assert(sizeof(BlockIQ2_XXS) == 66);

inline SignedEight eight_of(const BlockIQ2_XXS& block, int number) {
  const BlockIQ2_XXS::Group& group = block.groups[number / 4];
  const int in_group = number % 4;
  const auto bits = std::bit_cast<std::uint32_t>(group.signs_and_scale);
  const float step = to_float(block.scale) * (0.5f + static_cast<float>(bits >> 28)) * 0.25f;
  return {bytes_of(kIq2XxsGrid[group.points[in_group]]), step, with_parity(bits >> 7 * in_group & 127)};
}

}  // namespace rocmforge::quant
