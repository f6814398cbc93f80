// MXFP6_E3M2: OCP microscaling with E3M2 elements, six bits each from the low bits up. A format of our own in GGUF
// files.
#pragma once

#include "quant/mxfp6.h"

namespace rocmforge::quant {

struct BlockMXFP6_E3M2 {
  static constexpr int kValues = 32;
  E8M0 scale;
  SixBitCodes codes;
};
static_assert(sizeof(BlockMXFP6_E3M2) == 25);

inline void decode(const BlockMXFP6_E3M2& block, Decoded<32> out) {
  decode_mxfp6<Fp6E3M2>(to_float(block.scale), block.codes, out);
}

inline bool encode(Values<32> values, BlockMXFP6_E3M2& block) {
  const MxScaleChoice choice = mx_choose_scale<Fp6E3M2>(values);
  block.scale = choice.scale;
  block.codes = encode_mxfp6<Fp6E3M2>(values, choice.inverse);
  return true;
}

}  // namespace rocmforge::quant
