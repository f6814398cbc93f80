// Activations rounded to 8 bits: each block of 32 values has a scale of 1/127 of its greatest magnitude.
//
// The integers are stored in 16 bits, as the multiplications need them. A block that contains an infinity or a NaN gets
// a scale of NaN, so that the error shows in the result.
#pragma once

#include <cstdint>

#include "base/cpu_tier.h"

namespace rocmforge::cpu {

inline constexpr int kBlockValues = 32;

struct QuantizedRows {
  std::int16_t* quants = nullptr;  // [rows, columns], from -127 to 127
  float* scales = nullptr;         // [rows, columns / 32]
  float* sums = nullptr;           // [rows, columns / 32]: scale times the sum of the block's integers
  std::int32_t* totals = nullptr;  // [rows, columns / 32]: the sum of the block's integers
  std::int64_t columns = 0;

  std::int64_t blocks() const { return columns / kBlockValues; }
};

// Fills columns [first, first + count) of row `row`. Requires: whole blocks. x: the row's values from `first` on.
using QuantizeRow = void (*)(const float* x, std::int64_t row, std::int64_t first, std::int64_t count,
                             const QuantizedRows& out);
QuantizeRow quantize_row(CpuTier tier);

}  // namespace rocmforge::cpu
