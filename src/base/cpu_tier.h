// The vector code paths that a CPU can run, from lowest to highest. A user or a test can select a lower one.
#pragma once

#include <array>
#include <span>
#include <string_view>

namespace rocmforge {

enum class CpuTier { kScalar, kAvx2, kAvx512 };

inline constexpr std::array kCpuTiers = {CpuTier::kScalar, CpuTier::kAvx2, CpuTier::kAvx512};

std::string_view name_of(CpuTier tier);

// Returns the highest tier of this machine.
CpuTier best_cpu_tier();

// An instruction set that a user may select as the highest, by its name for --isa. Sets without code of their own use
// the code of a lower tier.
struct InstructionSet {
  std::string_view name;
  CpuTier tier;
  bool is_here;  // whether this CPU has it
};

// Returns the sets from lowest to highest.
std::span<const InstructionSet> instruction_sets();

// Throws Error if there is no such set or if this CPU lacks it.
const InstructionSet& find_instruction_set(std::string_view name);

}  // namespace rocmforge
