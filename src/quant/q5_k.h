// Q5_K: Q4_K with a fifth bit per value, stored separately.
#pragma once

#include "quant/block.h"
#include "quant/k_scales.h"

namespace rocmforge::quant {

struct BlockQ5_K {
  static constexpr int kValues = 256;
  static constexpr int kGroupValues = 32;
  static constexpr int kGroups = 8;
  static constexpr int kMaxQuant = 31;
  static constexpr int kMaxScale = 63;
  Half scale;
  Half minimum;
  PackedKScales scales;
  std::array<std::uint8_t, 32> fifth_bits;  // bit g of byte j for value 32g + j
  std::array<std::uint8_t, 128> nibbles;    // of each 64 values, byte j holds value j low and 32 + j high
};
static_assert(sizeof(BlockQ5_K) == 176);

inline void decode(const BlockQ5_K& block, Decoded<256> out) {
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
      const int fifth = block.fifth_bits[j] >> 2 * pair;
      out[64 * pair + j] = low_step * static_cast<float>((byte & 15) | (fifth & 1) << 4) - low_start;
      out[64 * pair + 32 + j] = high_step * static_cast<float>(byte >> 4 | (fifth & 2) << 3) - high_start;
    }
  }
}

struct PartsQ5_K {
  Half scale;
  Half minimum;
  std::array<std::uint8_t, 8> group_scale;
  std::array<std::uint8_t, 8> group_minimum;
  std::array<std::uint8_t, 256> quants;
};

inline void pack(const PartsQ5_K& parts, BlockQ5_K& block) {
  block.scale = parts.scale;
  block.minimum = parts.minimum;
  block.scales = pack(KScales{parts.group_scale, parts.group_minimum});
  for (int pair = 0; pair < 4; ++pair) {
    const std::uint8_t* quants = &parts.quants[64 * pair];
    for (int j = 0; j < 32; ++j) {
      block.nibbles[32 * pair + j] = static_cast<std::uint8_t>((quants[j] & 15) | (quants[32 + j] & 15) << 4);
    }
  }
  for (int j = 0; j < 32; ++j) {
    int fifth_bits = 0;
    for (int group = 0; group < 8; ++group) fifth_bits |= (parts.quants[32 * group + j] >> 4) << group;
    block.fifth_bits[j] = static_cast<std::uint8_t>(fifth_bits);
  }
}

}  // namespace rocmforge::quant
