// TQ2_0: 256 ternary values share a half-precision scale; each has two bits.
#pragma once

#include "quant/ternary.h"

namespace rocmforge::quant {

struct BlockTQ2_0 {
  static constexpr int kValues = 256;
  std::array<std::uint8_t, 64>
      quants;  // of each 128 values, byte j holds j, 32 + j, 64 + j and 96 + j from the low bits up
  Half scale;
};
static_assert(sizeof(BlockTQ2_0) == 66);

inline void decode(const BlockTQ2_0& block, Decoded<256> out) {
  const float scale = to_float(block.scale);
  for (int half = 0; half < 2; ++half) {
    for (int slice = 0; slice < 4; ++slice) {
      for (int j = 0; j < 32; ++j) {
        const int digit = block.quants[32 * half + j] >> 2 * slice & 3;
        out[128 * half + 32 * slice + j] = scale * static_cast<float>(digit - 1);
      }
    }
  }
}

// Encodes the values with a given scale.
inline bool encode_with_scale(Values<256> values, float scale, BlockTQ2_0& block) {
  block.scale = scale_to_half(scale);
  if (!is_finite(block.scale)) return false;
  const float inverse = inverse_or_zero(to_float(block.scale));
  for (int half = 0; half < 2; ++half) {
    for (int j = 0; j < 32; ++j) {
      int byte = 0;
      for (int slice = 0; slice < 4; ++slice) {
        byte |= ternary_digit(values[128 * half + 32 * slice + j], inverse) << 2 * slice;
      }
      block.quants[32 * half + j] = static_cast<std::uint8_t>(byte);
    }
  }
  return true;
}

}  // namespace rocmforge::quant
