// Which of our vector code paths a CPU can run. Our own order, so that a user or a test can hold the program to a lower
// one.
#pragma once

#include <array>
#include <string_view>

namespace rocmforge {

enum class CpuTier { kScalar, kAvx2, kAvx512 };

inline constexpr std::array kCpuTiers = {CpuTier::kScalar, CpuTier::kAvx2, CpuTier::kAvx512};

std::string_view name_of(CpuTier tier);

// The highest tier of this machine.
CpuTier best_cpu_tier();

}  // namespace rocmforge
