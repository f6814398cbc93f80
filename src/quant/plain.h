// Formats that are not quantized: one number per value.
#pragma once

#include "quant/block.h"

namespace rocmforge::quant {

inline void decode(const float& stored, Decoded<1> out) { out[0] = stored; }
inline void decode(const Half& stored, Decoded<1> out) { out[0] = to_float(stored); }
inline void decode(const BFloat16& stored, Decoded<1> out) { out[0] = to_float(stored); }
inline void decode(const double& stored, Decoded<1> out) { out[0] = static_cast<float>(stored); }
inline void decode(const std::int8_t& stored, Decoded<1> out) { out[0] = static_cast<float>(stored); }
inline void decode(const std::int16_t& stored, Decoded<1> out) { out[0] = static_cast<float>(stored); }
inline void decode(const std::int32_t& stored, Decoded<1> out) { out[0] = static_cast<float>(stored); }
inline void decode(const std::int64_t& stored, Decoded<1> out) { out[0] = static_cast<float>(stored); }

inline bool encode(Values<1> values, float& stored) {
  stored = values[0];
  return true;
}
inline bool encode(Values<1> values, Half& stored) {
  stored = to_half(values[0]);
  return is_finite(stored);
}
inline bool encode(Values<1> values, BFloat16& stored) {
  stored = to_bfloat16(values[0]);
  return is_finite(stored);
}

}  // namespace rocmforge::quant
