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

// levels: 32 indices into kIq4Values.
inline void pack_nibbles(std::span<const std::uint8_t, 32> levels, std::span<std::uint8_t, 16> nibbles) {
  for (int j = 0; j < 16; ++j) nibbles[j] = static_cast<std::uint8_t>(levels[j] | levels[16 + j] << 4);
}

}  // namespace rocmforge::quant
