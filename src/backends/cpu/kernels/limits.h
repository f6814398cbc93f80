// Loops that measure the peak rates of an instruction set.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/cpu_tier.h"

namespace rocmforge::cpu {

struct ArithmeticKernel {
  // Returns a value that depends on the whole computation, so that the compiler cannot remove it.
  std::uint64_t (*run)(std::int64_t rounds) = nullptr;
  int operations_per_round = 0;  // multiplications and additions
};

struct LimitKernels {
  std::uint64_t (*read)(const std::byte* bytes, std::size_t size) = nullptr;
  ArithmeticKernel floats;
  ArithmeticKernel integers;  // products of 16-bit integers, added in pairs, as in quantized products
};

const LimitKernels& limit_kernels(CpuTier tier);

}  // namespace rocmforge::cpu
