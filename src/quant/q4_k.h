// Q4_K: 256 values in 8 groups of 4-bit quants. Each group has a 6-bit scale and a 6-bit minimum, multiplied by two
// halves.
#pragma once

#include "quant/block.h"
#include "quant/k_scales.h"

namespace rocmforge::quant {

struct BlockQ4_K {
  static constexpr int kValues = 256;
  static constexpr int kGroupValues = 32;
  static constexpr int kGroups = 8;
  static constexpr int kMaxQuant = 15;
  static constexpr int kMaxScale = 63;
  Half scale;
  Half minimum;
  PackedKScales scales;
  std::array<std::uint8_t, 128> nibbles;  // of each 64 values, byte j holds value j low and 32 + j high
};
static_assert(sizeof(BlockQ4_K) == 144);

inline void decode(const BlockQ4_K& block, Decoded<256> out) {
  const float scale = to_float(block.scale);
  const float minimum = to_float(block.minimum);
  const KScales groups = unpack(block.scales);
  for (int pair = 0; pair < 4; ++pair) {
    const float low_step = scale * static_cast<float>(groups.scale[2 * pair]);
    const float low_start = minimum * static_cast<float>(groups.minimum[2 * pair]);
    const float high_step = scale * static_cast<float>(groups.scale[2 * pair + 1]);
    const float high_start = minimum * static_cast<float>(groups.minimum[2 * pair + 1]);
    for (int j = 0; j < 32; ++j) {
      const int byte = block.nibbles[32 * pair + j];
      out[64 * pair + j] = low_step * static_cast<float>(byte & 15) - low_start;
      out[64 * pair + 32 + j] = high_step * static_cast<float>(byte >> 4) - high_start;
    }
  }
}

struct PartsQ4_K {
  Half scale;
  Half minimum;
  std::array<std::uint8_t, 8> group_scale;
  std::array<std::uint8_t, 8> group_minimum;
  std::array<std::uint8_t, 256> quants;
};

inline void pack(const PartsQ4_K& parts, BlockQ4_K& block) {
  block.scale = parts.scale;
  block.minimum = parts.minimum;
  block.scales = pack(KScales{parts.group_scale, parts.group_minimum});
  for (int pair = 0; pair < 4; ++pair) {
    const std::uint8_t* quants = &parts.quants[64 * pair];
    for (int j = 0; j < 32; ++j) {
      block.nibbles[32 * pair + j] = static_cast<std::uint8_t>(quants[j] | quants[32 + j] << 4);
    }
  }
}

}  // namespace rocmforge::quant
