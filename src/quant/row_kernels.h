// What formats.cpp's table holds for each format and instruction set, and what codec.cpp calls.
#pragma once

#include <cstddef>

#include "base/cpu_tier.h"
#include "quant/formats.h"

namespace rocmforge::quant {

// Whole blocks, one after the other, aligned as their struct is.
using DecodeBlocks = void (*)(const std::byte* blocks, float* out, std::size_t count);

// weights: an error weight a value, or nullptr when all are alike. Answers how many blocks were encoded before one that
// cannot hold its values; `count` when all were. Values are finite, and where scales are halves of no greater magnitude
// than this, so that squares and differences of them are finite too; no such format can hold greater ones.
inline constexpr float kGreatestOfHalfScales = 1e9f;
using EncodeBlocks = std::size_t (*)(const float* values, const float* weights, std::byte* blocks, std::size_t count);

struct RowKernels {
  DecodeBlocks decode;
  EncodeBlocks encode;  // nullptr where the format has no encoder
  std::size_t alignment;
  bool scales_are_halves;
};

const RowKernels& row_kernels(FormatId id, CpuTier tier);

// NaN counts as greater than infinity, and infinity as greater than all numbers.
float greatest_magnitude(std::span<const float> values, CpuTier tier);

}  // namespace rocmforge::quant
