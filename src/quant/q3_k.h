// Q3_K: 256 values in 16 groups of 3-bit quants less 4. Each group has a signed 6-bit scale, multiplied by a half.
#pragma once

#include "quant/block.h"

namespace rocmforge::quant {

struct BlockQ3_K {
  static constexpr int kValues = 256;
  static constexpr int kGroupValues = 16;
  static constexpr int kGroups = 16;
  static constexpr int kLevels = 4;         // quants run from -4 to 3
  static constexpr int kScaleLevels = 32;   // group scales run from -32 to 31
  std::array<std::uint8_t, 32> third_bits;  // bit g of byte j for value 32g + j
  std::array<std::uint8_t, 64>
      low_bits;  // of each 128 values, byte j holds j, 32 + j, 64 + j and 96 + j from the low bits up
  std::array<std::uint8_t, 12> scales;  // 16 nibbles, then 16 pairs of upper bits
  Half scale;
};
static_assert(sizeof(BlockQ3_K) == 110);

inline int group_scale(const BlockQ3_K& block, int group) {
  const int nibble = block.scales[group % 8] >> 4 * (group / 8) & 15;
  const int upper = block.scales[8 + group % 4] >> 2 * (group / 4) & 3;
  return (nibble | upper << 4) - 32;
}

inline void decode(const BlockQ3_K& block, Decoded<256> out) {
  const float scale = to_float(block.scale);
  for (int group = 0; group < 16; ++group) {
    const float step = scale * static_cast<float>(group_scale(block, group));
    const int first_byte = 16 * (group % 2);
    const int shift = 2 * (group % 8 / 2);
    for (int j = 0; j < 16; ++j) {
      const int low = block.low_bits[32 * (group / 8) + first_byte + j] >> shift & 3;
      const int third = block.third_bits[first_byte + j] >> (group / 2) & 1;
      out[16 * group + j] = step * static_cast<float>((low | third << 2) - 4);
    }
  }
}

struct PartsQ3_K {
  Half scale;
  std::array<std::int8_t, 16> group_scale;
  std::array<std::uint8_t, 256> quants;  // stored form: 4 is added
};

inline void pack(const PartsQ3_K& parts, BlockQ3_K& block) {
  block.scale = parts.scale;
  block.scales = {};
  for (int group = 0; group < 16; ++group) {
    const int stored = parts.group_scale[group] + 32;
    block.scales[group % 8] |= static_cast<std::uint8_t>((stored & 15) << 4 * (group / 8));
    block.scales[8 + group % 4] |= static_cast<std::uint8_t>((stored >> 4) << 2 * (group / 4));
  }
  for (int j = 0; j < 32; ++j) {
    int third_bits = 0;
    for (int slice = 0; slice < 8; ++slice) third_bits |= (parts.quants[32 * slice + j] >> 2) << slice;
    block.third_bits[j] = static_cast<std::uint8_t>(third_bits);
  }
  for (int half = 0; half < 2; ++half) {
    const std::uint8_t* quants = &parts.quants[128 * half];
    for (int j = 0; j < 32; ++j) {
      block.low_bits[32 * half + j] = static_cast<std::uint8_t>((quants[j] & 3) | (quants[32 + j] & 3) << 2 |
                                                                (quants[64 + j] & 3) << 4 | (quants[96 + j] & 3) << 6);
    }
  }
}

}  // namespace rocmforge::quant
