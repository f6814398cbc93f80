// Q5_1: 32 values share a half-precision scale and offset; each is a 5-bit integer. The fifth bits are stored
// separately.
#pragma once

#include "quant/block.h"

namespace rocmforge::quant {

struct BlockQ5_1 {
  static constexpr int kValues = 32;
  static constexpr int kMaxQuant = 31;
  Half scale;
  Half offset;
  std::array<std::uint8_t, 4> fifth_bits;  // bit j of the 32 for value j
  std::array<std::uint8_t, 16> nibbles;    // value j in the low half of byte j, value 16 + j in the high half
};
static_assert(sizeof(BlockQ5_1) == 24);

inline void decode(const BlockQ5_1& block, Decoded<32> out) {
  const float scale = to_float(block.scale);
  const float offset = to_float(block.offset);
  const auto fifth_bits = std::bit_cast<std::uint32_t>(block.fifth_bits);
  for (int j = 0; j < 16; ++j) {
    const auto low = static_cast<int>((block.nibbles[j] & 15u) | (fifth_bits >> j & 1) << 4);
    const auto high = static_cast<int>((block.nibbles[j] >> 4) | (fifth_bits >> (16 + j) & 1) << 4);
    out[j] = scale * static_cast<float>(low) + offset;
    out[16 + j] = scale * static_cast<float>(high) + offset;
  }
}

// Encodes the values with a given scale and offset.
inline bool encode_with_scale(Values<32> values, float scale, float offset, BlockQ5_1& block) {
  block.scale = scale_to_half(scale);
  block.offset = to_half(offset);
  if (!is_finite(block.scale) || !is_finite(block.offset)) return false;
  const float inverse = inverse_or_zero(to_float(block.scale));
  const float start = to_float(block.offset);
  std::uint32_t fifth_bits = 0;
  for (int j = 0; j < 16; ++j) {
    const auto low = static_cast<std::uint32_t>(clamped_nearest((values[j] - start) * inverse, 0, 31));
    const auto high = static_cast<std::uint32_t>(clamped_nearest((values[16 + j] - start) * inverse, 0, 31));
    block.nibbles[j] = static_cast<std::uint8_t>((low & 15) | (high & 15) << 4);
    fifth_bits |= (low >> 4) << j | (high >> 4) << (16 + j);
  }
  block.fifth_bits = std::bit_cast<std::array<std::uint8_t, 4>>(fifth_bits);
  return true;
}

inline void choose_scale(Range range, BlockQ5_1& block) {
  block.offset = to_half(range.low);
  // Use the rounded offset, so that the error at the top of the range is at most half a step.
  block.scale = scale_to_half((range.high - to_float(block.offset)) / 31);
}

inline bool encode(Values<32> values, BlockQ5_1& block) {
  choose_scale(range_of(values), block);
  return encode_with_scale(values, to_float(block.scale), to_float(block.offset), block);
}

}  // namespace rocmforge::quant
