// Q2_0: 64 values share a half-precision scale; each is -1, 0, 1 or 2 times the scale. A negative scale reverses the
// range.
#pragma once

#include "quant/block.h"

namespace rocmforge::quant {

struct BlockQ2_0 {
  static constexpr int kValues = 64;
  Half scale;
  std::array<std::uint8_t, 16> quants;  // two bits each, less 1, from the low bits up
};
static_assert(sizeof(BlockQ2_0) == 18);

inline void decode(const BlockQ2_0& block, Decoded<64> out) {
  const float scale = to_float(block.scale);
  for (int byte = 0; byte < 16; ++byte) {
    for (int j = 0; j < 4; ++j) out[4 * byte + j] = scale * static_cast<float>((block.quants[byte] >> 2 * j & 3) - 1);
  }
}

// Encodes the values with a given scale.
inline bool encode_with_scale(Values<64> values, float scale, BlockQ2_0& block) {
  block.scale = scale_to_half(scale);
  if (!is_finite(block.scale)) return false;
  const float inverse = inverse_or_zero(to_float(block.scale));
  for (int byte = 0; byte < 16; ++byte) {
    int quants = 0;
    for (int j = 0; j < 4; ++j) quants |= (clamped_nearest(values[4 * byte + j] * inverse, -1, 2) + 1) << 2 * j;
    block.quants[byte] = static_cast<std::uint8_t>(quants);
  }
  return true;
}

}  // namespace rocmforge::quant
