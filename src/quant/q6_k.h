// Q6_K: 256 values in 16 groups of 6-bit quants less 32. Each group has a signed 8-bit scale, multiplied by a half.
#pragma once

#include "quant/block.h"

namespace rocmforge::quant {

struct BlockQ6_K {
  static constexpr int kValues = 256;
  static constexpr int kGroupValues = 16;
  static constexpr int kGroups = 16;
  static constexpr int kLevels = 32;        // quants run from -32 to 31
  static constexpr int kScaleLevels = 128;  // group scales run from -128 to 127
  std::array<std::uint8_t, 128> low_bits;   // of each 128 values, byte j of 64 holds value j low and 64 + j high
  std::array<std::uint8_t, 64>
      high_bits;  // of each 128 values, byte j holds j, 32 + j, 64 + j and 96 + j from the low bits up
  std::array<std::int8_t, 16> scales;
  Half scale;
};
static_assert(sizeof(BlockQ6_K) == 210);

inline void decode(const BlockQ6_K& block, Decoded<256> out) {
  const float scale = to_float(block.scale);
  for (int group = 0; group < 16; ++group) {
    const float step = scale * static_cast<float>(block.scales[group]);
    const int half = group / 8;
    const int in_half = 16 * (group % 8);  // index of the group's first value in this half
    for (int j = 0; j < 16; ++j) {
      const int low = block.low_bits[64 * half + in_half % 64 + j] >> 4 * (in_half / 64) & 15;
      const int high = block.high_bits[32 * half + in_half % 32 + j] >> 2 * (in_half / 32) & 3;
      out[16 * group + j] = step * static_cast<float>((low | high << 4) - 32);
    }
  }
}

struct PartsQ6_K {
  Half scale;
  std::array<std::int8_t, 16> group_scale;
  std::array<std::uint8_t, 256> quants;  // stored form: 32 is added
};

inline void pack(const PartsQ6_K& parts, BlockQ6_K& block) {
  block.scale = parts.scale;
  block.scales = parts.group_scale;
  for (int half = 0; half < 2; ++half) {
    const std::uint8_t* quants = &parts.quants[128 * half];
    for (int j = 0; j < 64; ++j) {
      block.low_bits[64 * half + j] = static_cast<std::uint8_t>((quants[j] & 15) | (quants[64 + j] & 15) << 4);
    }
    for (int j = 0; j < 32; ++j) {
      block.high_bits[32 * half + j] = static_cast<std::uint8_t>(quants[j] >> 4 | quants[32 + j] >> 4 << 2 |
                                                                 quants[64 + j] >> 4 << 4 | quants[96 + j] >> 4 << 6);
    }
  }
}

}  // namespace rocmforge::quant
