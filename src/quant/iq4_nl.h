// IQ4_NL: 32 values share a half-precision scale; each is one of 16 fixed levels, denser around zero.
#pragma once

#include "quant/block.h"
#include "quant/grids.h"

namespace rocmforge::quant {

struct BlockIQ4_NL {
  static constexpr int kValues = 32;
  Half scale;
  std::array<std::uint8_t, 16> nibbles;  // value j in the low half of byte j, value 16 + j in the high half
};
static_assert(sizeof(BlockIQ4_NL) == 18);

inline void decode(const BlockIQ4_NL& block, Decoded<32> out) {
  const float scale = to_float(block.scale);
  for (int j = 0; j < 16; ++j) {
    out[j] = scale * static_cast<float>(kIq4Values[block.nibbles[j] & 15]);
    out[16 + j] = scale * static_cast<float>(kIq4Values[block.nibbles[j] >> 4]);
  }
}

// The number in kIq4Values of the level nearest to a scaled value, of the two nearest the lower one.
inline std::uint8_t nearest_iq4_level(float scaled) {
  int level = 0;
  for (int k = 0; k < 15; ++k) level += 2 * scaled > static_cast<float>(kIq4Values[k] + kIq4Values[k + 1]) ? 1 : 0;
  return static_cast<std::uint8_t>(level);
}

// levels: the 32 numbers in kIq4Values.
inline void pack_nibbles(std::span<const std::uint8_t, 32> levels, std::span<std::uint8_t, 16> nibbles) {
  for (int j = 0; j < 16; ++j) nibbles[j] = static_cast<std::uint8_t>(levels[j] | levels[16 + j] << 4);
}

// Rounds the values to a scale that is already chosen.
inline bool encode_with_scale(Values<32> values, float scale, BlockIQ4_NL& block) {
  block.scale = scale_to_half(scale);
  if (!is_finite(block.scale)) return false;
  const float inverse = inverse_or_zero(to_float(block.scale));
  std::array<std::uint8_t, 32> levels;
  for (int j = 0; j < 32; ++j) levels[j] = nearest_iq4_level(values[j] * inverse);
  pack_nibbles(levels, block.nibbles);
  return true;
}

}  // namespace rocmforge::quant
