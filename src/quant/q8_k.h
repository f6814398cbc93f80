// Q8_K: 256 values share a float scale; each is a signed byte. A format for activations in products with the K formats,
// which need the sums of 16 values. It is never stored in files.
#pragma once

#include "quant/block.h"

namespace rocmforge::quant {

struct BlockQ8_K {
  static constexpr int kValues = 256;
  float scale;
  std::array<std::int8_t, 256> quants;
  std::array<std::int16_t, 16> sums;  // element g: sum of quants 16g … 16g + 15
};
static_assert(sizeof(BlockQ8_K) == 292);

inline void decode(const BlockQ8_K& block, Decoded<256> out) {
  for (int j = 0; j < 256; ++j) out[j] = block.scale * static_cast<float>(block.quants[j]);
}

inline bool encode(Values<256> values, BlockQ8_K& block) {
  // Limit the scale, so that 127 times the rounded scale is finite.
  const float scale = std::min(greatest_magnitude(values) / 127, 0x1.020406p121f);
  // Below this the inverse exceeds float. Such values are too small to matter.
  block.scale = scale < 0x1p-126f ? 0.0f : scale;
  const float inverse = inverse_or_zero(block.scale);
  for (int j = 0; j < 256; ++j) {
    block.quants[j] = static_cast<std::int8_t>(clamped_nearest(values[j] * inverse, -127, 127));
  }
  for (int group = 0; group < 16; ++group) {
    int sum = 0;
    for (int j = 0; j < 16; ++j) sum += block.quants[16 * group + j];
    block.sums[group] = static_cast<std::int16_t>(sum);
  }
  return true;
}

}  // namespace rocmforge::quant
