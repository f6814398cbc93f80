// NVFP4: 64 values in four groups of 16, each with an unsigned E4M3 scale; E2M1 elements.
//
// A file may have a companion tensor NAME.scale, one factor for all of NAME. Code that multiplies with the tensor
// applies it.
#pragma once

#include "quant/mxfp4.h"

namespace rocmforge::quant {

struct BlockNVFP4 {
  static constexpr int kValues = 64;
  static constexpr int kGroups = 4;
  std::array<std::uint8_t, 4> scales;
  std::array<std::uint8_t, 32>
      nibbles;  // eight bytes a group: value j in the low half of byte j, value 8 + j in the high half
};
static_assert(sizeof(BlockNVFP4) == 36);

// Code 127, which is E4M3's NaN, is decoded as 0.
inline float decode_nvfp4_scale(std::uint8_t code) { return code == 127 ? 0.0f : kValueOfCode<Fp8E4M3>[code & 127]; }

inline void decode(const BlockNVFP4& block, Decoded<64> out) {
  for (int group = 0; group < 4; ++group) {
    const float scale = decode_nvfp4_scale(block.scales[group]);
    for (int j = 0; j < 8; ++j) {
      const int byte = block.nibbles[8 * group + j];
      out[16 * group + j] = scale * kE2M1Values[byte & 15];
      out[16 * group + 8 + j] = scale * kE2M1Values[byte >> 4];
    }
  }
}

// Encodes a group's values with a given scale.
inline void encode_group(Values<16> values, std::uint8_t scale_code, int group, BlockNVFP4& block) {
  block.scales[group] = scale_code;
  const float inverse = inverse_or_zero(decode_nvfp4_scale(scale_code));
  std::array<std::uint8_t, 16> codes;
  for (int j = 0; j < 16; ++j) codes[j] = Fp4E2M1::encode_saturating(values[j] * inverse);
  for (int j = 0; j < 8; ++j) block.nibbles[8 * group + j] = static_cast<std::uint8_t>(codes[j] | codes[8 + j] << 4);
}

}  // namespace rocmforge::quant
