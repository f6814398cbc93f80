// Q8_0: 32 values share a half-precision scale; each is a signed byte.
#pragma once

#include "quant/block.h"

namespace rocmforge::quant {

struct BlockQ8_0 {
  static constexpr int kValues = 32;
  Half scale;
  std::array<std::int8_t, 32> quants;
};
static_assert(sizeof(BlockQ8_0) == 34);

inline void decode(const BlockQ8_0& block, Decoded<32> out) {
  const float scale = to_float(block.scale);
  for (int j = 0; j < 32; ++j) out[j] = scale * static_cast<float>(block.quants[j]);
}

inline bool encode(Values<32> values, BlockQ8_0& block) {
  block.scale = scale_to_half(greatest_magnitude(values) / 127);
  if (!is_finite(block.scale)) return false;
  const float inverse = inverse_or_zero(to_float(block.scale));
  for (int j = 0; j < 32; ++j) {
    block.quants[j] = static_cast<std::int8_t>(clamped_nearest(values[j] * inverse, -127, 127));
  }
  return true;
}

}  // namespace rocmforge::quant
