// IQ4_XS: IQ4_NL's levels for 256 values in 8 groups, each with a 6-bit scale less 32 that is multiplied by a half.
#pragma once

#include "quant/iq4_nl.h"

namespace rocmforge::quant {

struct BlockIQ4_XS {
  static constexpr int kValues = 256;
  static constexpr int kGroupValues = 32;
  static constexpr int kGroups = 8;
  static constexpr int kScaleLevels = 32;  // group scales run from -32 to 31
  Half scale;
  std::array<std::uint8_t, 2> scales_high;  // two bits per group
  std::array<std::uint8_t, 4> scales_low;   // one nibble per group
  std::array<std::uint8_t, 128> nibbles;    // 16 bytes per group, as in IQ4_NL
};
static_assert(sizeof(BlockIQ4_XS) == 136);

inline int group_scale(const BlockIQ4_XS& block, int group) {
  const int low = block.scales_low[group / 2] >> 4 * (group % 2) & 15;
  const int high = block.scales_high[group / 4] >> 2 * (group % 4) & 3;
  return (low | high << 4) - 32;
}

inline void decode(const BlockIQ4_XS& block, Decoded<256> out) {
  const float scale = to_float(block.scale);
  for (int group = 0; group < 8; ++group) {
    const float step = scale * static_cast<float>(group_scale(block, group));
    for (int j = 0; j < 16; ++j) {
      const int byte = block.nibbles[16 * group + j];
      out[32 * group + j] = step * static_cast<float>(kIq4Values[byte & 15]);
      out[32 * group + 16 + j] = step * static_cast<float>(kIq4Values[byte >> 4]);
    }
  }
}

struct PartsIQ4_XS {
  Half scale;
  std::array<std::int8_t, 8> group_scale;
  std::array<std::uint8_t, 256> quants;  // indices into kIq4Values
};

inline void pack(const PartsIQ4_XS& parts, BlockIQ4_XS& block) {
  block.scale = parts.scale;
  block.scales_high = {};
  block.scales_low = {};
  for (int group = 0; group < 8; ++group) {
    const int stored = parts.group_scale[group] + 32;
    block.scales_low[group / 2] |= static_cast<std::uint8_t>((stored & 15) << 4 * (group % 2));
    block.scales_high[group / 4] |= static_cast<std::uint8_t>(stored >> 4 << 2 * (group % 4));
    pack_nibbles(std::span<const std::uint8_t, 32>(&parts.quants[32 * group], 32),
                 std::span<std::uint8_t, 16>(&block.nibbles[16 * group], 16));
  }
}

}  // namespace rocmforge::quant
