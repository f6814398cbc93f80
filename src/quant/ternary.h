// Encodes single values of TQ1_0 and TQ2_0.
#pragma once

#include "quant/block.h"

namespace rocmforge::quant {

// Returns 1 plus the rounded value, which is -1, 0 or 1.
inline std::uint8_t ternary_digit(float value, float inverse_scale) {
  return static_cast<std::uint8_t>(clamped_nearest(value * inverse_scale, -1, 1) + 1);
}

}  // namespace rocmforge::quant
