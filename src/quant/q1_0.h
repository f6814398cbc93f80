// Q1_0: 128 values share a half-precision magnitude; each has one bit for its sign.
#pragma once

#include "quant/block.h"

namespace rocmforge::quant {

struct BlockQ1_0 {
  static constexpr int kValues = 128;
  Half scale;
  std::array<std::uint8_t, 16> positive;  // bit j % 8 of byte j / 8: value j is +scale, else -scale
};
static_assert(sizeof(BlockQ1_0) == 18);

inline void decode(const BlockQ1_0& block, Decoded<128> out) {
  const float scale = to_float(block.scale);
  for (int byte = 0; byte < 16; ++byte) {
    for (int j = 0; j < 8; ++j) out[8 * byte + j] = with_sign(-scale, block.positive[byte], j);
  }
}

inline void pack_signs(Values<128> values, BlockQ1_0& block) {
  for (int byte = 0; byte < 16; ++byte) {
    int positive = 0;
    for (int j = 0; j < 8; ++j) positive |= (values[8 * byte + j] >= 0 ? 1 : 0) << j;
    block.positive[byte] = static_cast<std::uint8_t>(positive);
  }
}

}  // namespace rocmforge::quant
