// MXFP6_E2M3: OCP microscaling with E2M3 elements, six bits each from the low bits up. A format of our own in GGUF
// files.
#pragma once

#include "quant/mxfp6.h"

namespace rocmforge::quant {

struct BlockMXFP6_E2M3 {
  static constexpr int kValues = 32;
  E8M0 scale;
  SixBitCodes codes;
};
static_assert(sizeof(BlockMXFP6_E2M3) == 25);

inline void decode(const BlockMXFP6_E2M3& block, Decoded<32> out) {
  decode_mxfp6<Fp6E2M3>(to_float(block.scale), block.codes, out);
}

inline bool encode(Values<32> values, BlockMXFP6_E2M3& block) {
  const MxScaleChoice choice = mx_choose_scale<Fp6E2M3>(values);
  block.scale = choice.scale;
  block.codes = encode_mxfp6<Fp6E2M3>(values, choice.inverse);
  return true;
}

}  // namespace rocmforge::quant
