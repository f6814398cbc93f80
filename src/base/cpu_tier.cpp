#include "base/cpu_tier.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include <algorithm>
#include <string>

#include "base/error.h"
#include "base/text.h"

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
  // These are the features for which Highway compiles the tier's code. Every CPU with the named features also has the
  // smaller ones.
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  if (avx2 && avx512) return CpuTier::kAvx512;
  if (avx2) return CpuTier::kAvx2;
#endif
  return CpuTier::kScalar;
}

namespace {

// A feature bit is not enough for AMX: the system must also let the process use its registers.
bool has_amx() {
#if defined(__x86_64__)
  unsigned eax = 0;
  unsigned ebx = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0) return false;
  constexpr unsigned kTile = 1u << 24;
  constexpr unsigned kInt8 = 1u << 25;
  return (edx & kTile) != 0 && (edx & kInt8) != 0;
#else
  return false;
#endif
}

std::array<InstructionSet, 7> find_instruction_sets() {
  const CpuTier best = best_cpu_tier();
  bool avx_vnni = false;
  bool avx512_vnni = false;
  bool avx512_bf16 = false;
#if defined(__x86_64__)
  avx_vnni = __builtin_cpu_supports("avxvnni");
  avx512_vnni = __builtin_cpu_supports("avx512vnni");
  avx512_bf16 = __builtin_cpu_supports("avx512bf16");
#endif
  const bool avx2 = best >= CpuTier::kAvx2;
  const bool avx512 = best >= CpuTier::kAvx512;
  return {{{"scalar", CpuTier::kScalar, true},
           {"avx2", CpuTier::kAvx2, avx2},
           {"avxvnni", CpuTier::kAvx2, avx2 && avx_vnni},
           {"avx512", CpuTier::kAvx512, avx512},
           {"avx512vnni", CpuTier::kAvx512, avx512 && avx512_vnni},
           {"avx512bf16", CpuTier::kAvx512, avx512 && avx512_bf16},
           {"amx", CpuTier::kAvx512, avx512 && has_amx()}}};
}

}  // namespace

std::span<const InstructionSet> instruction_sets() {
  static const std::array<InstructionSet, 7> sets = find_instruction_sets();
  return sets;
}

const InstructionSet& find_instruction_set(std::string_view name) {
  std::string present;
  for (const InstructionSet& set : instruction_sets()) {
    if (set.is_here) present += fmt::format("{}{}", present.empty() ? "" : ", ", set.name);
  }
  const auto found = std::ranges::find(instruction_sets(), name, &InstructionSet::name);
  if (found == instruction_sets().end()) {
    throw error(ErrorCode::kUsage, "--isa {}: no such instruction set; this CPU has {}", printable(name), present);
  }
  if (!found->is_here) {
    throw error(ErrorCode::kUnsupported, "--isa {}: this CPU does not have it; it has {}", name, present);
  }
  return *found;
}

}  // namespace rocmforge
