// Q5_0: 32 values share a half-precision scale; each is a 5-bit integer less 16. The fifth bits are stored separately.
#pragma once

#include "quant/block.h"

namespace rocmforge::quant {

struct BlockQ5_0 {
  static constexpr int kValues = 32;
  static constexpr int kLevels = 16;  // quants run from -16 to 15
  Half scale;
  std::array<std::uint8_t, 4> fifth_bits;  // bit j of the 32 for value j
  std::array<std::uint8_t, 16> nibbles;    // value j in the low half of byte j, value 16 + j in the high half
};
static_assert(sizeof(BlockQ5_0) == 22);

inline void decode(const BlockQ5_0& block, Decoded<32> out) {
  const float scale = to_float(block.scale);
  const auto fifth_bits = std::bit_cast<std::uint32_t>(block.fifth_bits);
  for (int j = 0; j < 16; ++j) {
    const auto low = static_cast<int>((block.nibbles[j] & 15u) | (fifth_bits >> j & 1) << 4);
    const auto high = static_cast<int>((block.nibbles[j] >> 4) | (fifth_bits >> (16 + j) & 1) << 4);
    out[j] = scale * static_cast<float>(low - 16);
    out[16 + j] = scale * static_cast<float>(high - 16);
  }
}

// Encodes the values with a given scale.
inline bool encode_with_scale(Values<32> values, float scale, BlockQ5_0& block) {
  block.scale = scale_to_half(scale);
  if (!is_finite(block.scale)) return false;
  const float inverse = inverse_or_zero(to_float(block.scale));
  std::uint32_t fifth_bits = 0;
  for (int j = 0; j < 16; ++j) {
    const auto low = static_cast<std::uint32_t>(clamped_nearest(values[j] * inverse, -16, 15) + 16);
    const auto high = static_cast<std::uint32_t>(clamped_nearest(values[16 + j] * inverse, -16, 15) + 16);
    block.nibbles[j] = static_cast<std::uint8_t>((low & 15) | (high & 15) << 4);
    fifth_bits |= (low >> 4) << j | (high >> 4) << (16 + j);
  }
  block.fifth_bits = std::bit_cast<std::array<std::uint8_t, 4>>(fifth_bits);
  return true;
}

// Encodes the value farthest from zero as -16, the end of the range with the extra step.
inline bool encode(Values<32> values, BlockQ5_0& block) {
  return encode_with_scale(values, range_of(values).extreme() / -16, block);
}

}  // namespace rocmforge::quant
