// Q4_0: 32 values share a half-precision scale; each is a 4-bit integer less 8.
#pragma once

#include "quant/block.h"

namespace rocmforge::quant {

struct BlockQ4_0 {
  static constexpr int kValues = 32;
  static constexpr int kLevels = 8;  // quants run from -8 to 7
  Half scale;
  std::array<std::uint8_t, 16> nibbles;  // value j in the low half of byte j, value 16 + j in the high half
};
static_assert(sizeof(BlockQ4_0) == 18);

inline void decode(const BlockQ4_0& block, Decoded<32> out) {
  const float scale = to_float(block.scale);
  for (int j = 0; j < 16; ++j) {
    out[j] = scale * static_cast<float>((block.nibbles[j] & 15) - 8);
    out[16 + j] = scale * static_cast<float>((block.nibbles[j] >> 4) - 8);
  }
}

// Encodes the values with a given scale.
inline bool encode_with_scale(Values<32> values, float scale, BlockQ4_0& block) {
  block.scale = scale_to_half(scale);
  if (!is_finite(block.scale)) return false;
  const float inverse = inverse_or_zero(to_float(block.scale));
  for (int j = 0; j < 16; ++j) {
    const int low = clamped_nearest(values[j] * inverse, -8, 7) + 8;
    const int high = clamped_nearest(values[16 + j] * inverse, -8, 7) + 8;
    block.nibbles[j] = static_cast<std::uint8_t>(low | high << 4);
  }
  return true;
}

// Encodes the value farthest from zero as -8, the end of the range with the extra step.
inline bool encode(Values<32> values, BlockQ4_0& block) {
  return encode_with_scale(values, range_of(values).extreme() / -8, block);
}

}  // namespace rocmforge::quant
