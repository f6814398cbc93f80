// Q4_1: 32 values share a half-precision scale and offset; each is a 4-bit integer.
#pragma once

#include "quant/block.h"

namespace rocmforge::quant {

struct BlockQ4_1 {
  static constexpr int kValues = 32;
  static constexpr int kMaxQuant = 15;
  Half scale;
  Half offset;
  std::array<std::uint8_t, 16> nibbles;  // value j in the low half of byte j, value 16 + j in the high half
};
static_assert(sizeof(BlockQ4_1) == 20);

inline void decode(const BlockQ4_1& block, Decoded<32> out) {
  const float scale = to_float(block.scale);
  const float offset = to_float(block.offset);
  for (int j = 0; j < 16; ++j) {
    out[j] = scale * static_cast<float>(block.nibbles[j] & 15) + offset;
    out[16 + j] = scale * static_cast<float>(block.nibbles[j] >> 4) + offset;
  }
}

// Encodes the values with a given scale and offset.
inline bool encode_with_scale(Values<32> values, float scale, float offset, BlockQ4_1& block) {
  block.scale = scale_to_half(scale);
  block.offset = to_half(offset);
  if (!is_finite(block.scale) || !is_finite(block.offset)) return false;
  const float inverse = inverse_or_zero(to_float(block.scale));
  const float start = to_float(block.offset);
  for (int j = 0; j < 16; ++j) {
    const int low = clamped_nearest((values[j] - start) * inverse, 0, 15);
    const int high = clamped_nearest((values[16 + j] - start) * inverse, 0, 15);
    block.nibbles[j] = static_cast<std::uint8_t>(low | high << 4);
  }
  return true;
}

inline void choose_scale(Range range, BlockQ4_1& block) {
  block.offset = to_half(range.low);
  // Use the rounded offset, so that the error at the top of the range is at most half a step.
  block.scale = scale_to_half((range.high - to_float(block.offset)) / 15);
}

inline bool encode(Values<32> values, BlockQ4_1& block) {
  choose_scale(range_of(values), block);
  return encode_with_scale(values, to_float(block.scale), to_float(block.offset), block);
}

}  // namespace rocmforge::quant
