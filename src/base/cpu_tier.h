// Which of our vector code paths a CPU can run. Our own order, so that a user or a test can hold the program to a lower
// one.
#pragma once

#include <array>
#include <span>
#include <string_view>

namespace rocmforge {

enum class CpuTier { kScalar, kAvx2, kAvx512 };

inline constexpr std::array kCpuTiers = {CpuTier::kScalar, CpuTier::kAvx2, CpuTier::kAvx512};

std::string_view name_of(CpuTier tier);

// The highest tier of this machine.
CpuTier best_cpu_tier();

// What a user may hold the program to, by the name that --isa takes: some instruction sets have no code of their own,
// and a lower tier's serves.
struct InstructionSet {
  std::string_view name;
  CpuTier tier;
  bool is_here;  // this CPU has it
};

// From the lowest to the highest.
std::span<const InstructionSet> instruction_sets();

// An Error for a name that is none, and for a set that this CPU lacks.
const InstructionSet& find_instruction_set(std::string_view name);

}  // namespace rocmforge
