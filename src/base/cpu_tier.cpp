#include "base/cpu_tier.h"

namespace rocmforge {

std::string_view name_of(CpuTier tier) {
  switch (tier) {
    case CpuTier::kScalar: return "scalar";
    case CpuTier::kAvx2: return "avx2";
    case CpuTier::kAvx512: return "avx512";
  }
  return "unknown";
}

CpuTier best_cpu_tier() {
#if defined(__x86_64__)
  // Each is what Highway compiles the tier's code for; every CPU with the named features has the smaller ones too.
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  if (avx2 && avx512) return CpuTier::kAvx512;
  if (avx2) return CpuTier::kAvx2;
#endif
  return CpuTier::kScalar;
}

}  // namespace rocmforge
