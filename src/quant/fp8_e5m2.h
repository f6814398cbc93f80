// FP8_E5M2: OCP microscaling with E5M2 elements, a byte each. A format of our own in GGUF files.
#pragma once

#include "quant/mx.h"

namespace rocmforge::quant {

struct BlockFP8_E5M2 {
  static constexpr int kValues = 32;
  E8M0 scale;
  std::array<std::uint8_t, 32> codes;
};
static_assert(sizeof(BlockFP8_E5M2) == 33);

inline void decode(const BlockFP8_E5M2& block, Decoded<32> out) {
  const float scale = to_float(block.scale);
  for (int j = 0; j < 32; ++j) out[j] = scale * kValueOfCode<Fp8E5M2>[block.codes[j]];
}

inline bool encode(Values<32> values, BlockFP8_E5M2& block) {
  const MxScaleChoice choice = mx_choose_scale<Fp8E5M2>(values);
  block.scale = choice.scale;
  block.codes = mx_codes<Fp8E5M2>(values, choice.inverse);
  return true;
}

}  // namespace rocmforge::quant
