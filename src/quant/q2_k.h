// Q2_K: 256 values in 16 groups of 2-bit quants. Each group has a 4-bit scale and a 4-bit minimum, multiplied by two
// halves.
#pragma once

#include "quant/block.h"

namespace rocmforge::quant {

struct BlockQ2_K {
  static constexpr int kValues = 256;
  static constexpr int kGroupValues = 16;
  static constexpr int kGroups = 16;
  static constexpr int kMaxQuant = 3;
  static constexpr int kMaxScale = 15;
  std::array<std::uint8_t, 16> scales;  // a group's scale in the low half, its minimum in the high half
  std::array<std::uint8_t, 64>
      quants;  // of each 128 values, byte j holds j, 32 + j, 64 + j and 96 + j from the low bits up
  Half scale;
  Half minimum;
};
static_assert(sizeof(BlockQ2_K) == 84);

inline void decode(const BlockQ2_K& block, Decoded<256> out) {
  const float scale = to_float(block.scale);
  const float minimum = to_float(block.minimum);
  for (int group = 0; group < 16; ++group) {
    const float step = scale * static_cast<float>(block.scales[group] & 15);
    const float start = minimum * static_cast<float>(block.scales[group] >> 4);
    const int first_byte = 32 * (group / 8) + 16 * (group % 2);
    const int shift = 2 * (group % 8 / 2);
    for (int j = 0; j < 16; ++j) {
      const int quant = block.quants[first_byte + j] >> shift & 3;
      out[16 * group + j] = step * static_cast<float>(quant) - start;
    }
  }
}

// The parts of a block before packing. As for every K format, k_quants_simd.cpp chooses them.
struct PartsQ2_K {
  Half scale;
  Half minimum;
  std::array<std::uint8_t, 16> group_scale;
  std::array<std::uint8_t, 16> group_minimum;
  std::array<std::uint8_t, 256> quants;
};

inline void pack(const PartsQ2_K& parts, BlockQ2_K& block) {
  block.scale = parts.scale;
  block.minimum = parts.minimum;
  for (int group = 0; group < 16; ++group) {
    block.scales[group] = static_cast<std::uint8_t>(parts.group_scale[group] | parts.group_minimum[group] << 4);
  }
  for (int half = 0; half < 2; ++half) {
    const std::uint8_t* quants = &parts.quants[128 * half];
    for (int j = 0; j < 32; ++j) {
      block.quants[32 * half + j] =
          static_cast<std::uint8_t>(quants[j] | quants[32 + j] << 2 | quants[64 + j] << 4 | quants[96 + j] << 6);
    }
  }
}

}  // namespace rocmforge::quant
