// MXFP4: OCP microscaling with E2M1 elements.
#pragma once

#include "quant/mx.h"

namespace rocmforge::quant {

struct BlockMXFP4 {
  static constexpr int kValues = 32;
  E8M0 scale;
  std::array<std::uint8_t, 16> nibbles;  // value j in the low half of byte j, value 16 + j in the high half
};
static_assert(sizeof(BlockMXFP4) == 17);

// Code 8 is -0 in the specification, but every program reads it as +0 in GGUF files.
inline constexpr std::array<float, 16> kE2M1Values = {0, 0.5f,  1,  1.5f,  2,  3,  4,  6,
                                                      0, -0.5f, -1, -1.5f, -2, -3, -4, -6};

inline void decode(const BlockMXFP4& block, Decoded<32> out) {
  const float scale = to_float(block.scale);
  for (int j = 0; j < 16; ++j) {
    out[j] = scale * kE2M1Values[block.nibbles[j] & 15];
    out[16 + j] = scale * kE2M1Values[block.nibbles[j] >> 4];
  }
}

inline bool encode(Values<32> values, BlockMXFP4& block) {
  const MxScaleChoice choice = mx_choose_scale<Fp4E2M1>(values);
  block.scale = choice.scale;
  const auto codes = mx_codes<Fp4E2M1>(values, choice.inverse);
  for (int j = 0; j < 16; ++j) block.nibbles[j] = static_cast<std::uint8_t>(codes[j] | codes[16 + j] << 4);
  return true;
}

}  // namespace rocmforge::quant
