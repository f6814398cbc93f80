#include "engine/load_options.h"

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"

namespace rocmforge::engine {
namespace {

constexpr std::int64_t kLongestContext = std::int64_t{1} << 30;
constexpr int kMostThreads = 4096;
constexpr int kMostConcurrentSequences = 4096;

const quant::Format* cache_format(const std::string& name, std::string_view what) {
  const quant::Format* format = quant::find_format(name);
  if (format != nullptr) return format;
  throw error(ErrorCode::kUsage, "{} as '{}': expected F32, F16, BF16, Q8_0 or Q4_0", what, printable(name));
}

CpuTier tier_of(const std::string& name) {
  if (name.empty()) return best_cpu_tier();
  const InstructionSet& set = find_instruction_set(name);
  if (name_of(set.tier) != set.name) {
    log::info("there are no kernels for {}: using those for {}", set.name, name_of(set.tier));
  }
  return set.tier;
}

void check_range(std::string_view what, std::int64_t value, std::int64_t least, std::int64_t most) {
  if (value >= least && value <= most) return;
  throw error(ErrorCode::kUsage, "{}: {}, expected {} to {}", what, value, least, most);
}

}  // namespace

RunnerOptions runner_options(const LoadOptions& options) {
  check_range("threads", options.threads, 0, kMostThreads);
  check_range("context", options.context, 0, kLongestContext);
  check_range("sequences", options.sequences, 1, kMostConcurrentSequences);
  RunnerOptions runner;
  runner.device = {options.device, options.threads, tier_of(options.instruction_set)};
  runner.context = options.context;
  runner.sequences = options.sequences;
  runner.key_format = cache_format(options.key_type, "keys");
  runner.value_format = cache_format(options.value_type, "values");
  runner.preload = options.preload;
  runner.lock = options.lock;
  if (options.on_progress) {
    runner.on_progress = [on_progress = options.on_progress](std::uint64_t done, std::uint64_t total,
                                                             std::string_view what) {
      on_progress({done, total, what});
    };
  }
  return runner;
}

}  // namespace rocmforge::engine
