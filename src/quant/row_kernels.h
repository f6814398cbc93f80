// The functions for rows of each format and instruction set, which are in the table of formats.cpp and called by
// codec.cpp.
#pragma once

#include <cstddef>

#include "base/cpu_tier.h"
#include "quant/formats.h"

namespace rocmforge::quant {

// Decodes `count` consecutive blocks. Requires: they are aligned like their struct.
using DecodeBlocks = void (*)(const std::byte* blocks, float* out, std::size_t count);

// Encodes `count` blocks. weights: one error weight per value, or nullptr if all are equal. Returns how many blocks
// were encoded before the first that cannot hold its values, or `count`. Requires: values are finite and, for formats
// whose scales are halves, their magnitudes are at most kGreatestOfHalfScales, so that squares and differences are
// finite; no such format can hold greater values.
inline constexpr float kGreatestOfHalfScales = 1e9f;
using EncodeBlocks = std::size_t (*)(const float* values, const float* weights, std::byte* blocks, std::size_t count);

struct RowKernels {
  DecodeBlocks decode;
  EncodeBlocks encode;  // nullptr if the format has no encoder
  std::size_t alignment;
  bool scales_are_halves;
};

const RowKernels& row_kernels(FormatId id, CpuTier tier);

// Returns the greatest magnitude, where NaN counts as greater than infinity.
float greatest_magnitude(std::span<const float> values, CpuTier tier);

}  // namespace rocmforge::quant
