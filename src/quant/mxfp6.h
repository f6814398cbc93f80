// The common part of the two MXFP6 formats: 32 elements of six bits in 24 bytes.
#pragma once

#include "quant/mx.h"

namespace rocmforge::quant {

// Element j is in the bits 6j … 6j + 5, counted from the low bit of the first byte.
using SixBitCodes = std::array<std::uint8_t, 24>;

template <typename Element>
void decode_mxfp6(float scale, const SixBitCodes& codes, Decoded<32> out) {
  for (int four = 0; four < 8; ++four) {  // four elements in three bytes
    const int bits = codes[3 * four] | codes[3 * four + 1] << 8 | codes[3 * four + 2] << 16;
    for (int j = 0; j < 4; ++j) out[4 * four + j] = scale * kValueOfCode<Element>[bits >> 6 * j & 63];
  }
}

template <typename Element>
SixBitCodes encode_mxfp6(Values<32> values, float inverse_scale) {
  const auto codes = mx_codes<Element>(values, inverse_scale);
  SixBitCodes packed;
  for (int four = 0; four < 8; ++four) {
    const std::uint8_t* code = &codes[4 * four];
    const int bits = code[0] | code[1] << 6 | code[2] << 12 | code[3] << 18;
    for (int byte = 0; byte < 3; ++byte) packed[3 * four + byte] = static_cast<std::uint8_t>(bits >> 8 * byte);
  }
  return packed;
}

}  // namespace rocmforge::quant
