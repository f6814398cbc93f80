// Loops that show what an instruction set can do at most.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/cpu_tier.h"

namespace rocmforge::cpu {

struct ArithmeticKernel {
  // Answers something that depends on all of it, so that the compiler cannot leave it out.
  std::uint64_t (*run)(std::int64_t rounds) = nullptr;
  int operations_per_round = 0;  // multiplications and additions
};

struct LimitKernels {
  std::uint64_t (*read)(const std::byte* bytes, std::size_t size) = nullptr;
  ArithmeticKernel floats;
  ArithmeticKernel integers;  // products of 16-bit integers, added in pairs: what quantized products are made of
};

const LimitKernels& limit_kernels(CpuTier tier);

}  // namespace rocmforge::cpu
