// Measures the machine's limits with plain loops that only read, or only multiply and add, on all threads at once.
#include <algorithm>
#include <chrono>
#include <functional>

#include "backends/cpu/cpu_backend.h"
#include "backends/cpu/host_memory.h"
#include "backends/cpu/kernels/limits.h"

namespace rocmforge::cpu {
namespace {

constexpr std::size_t kBytesPerThread = std::size_t{256} << 20;  // far more than the caches hold
constexpr std::int64_t kRounds = 1 << 16;
constexpr int kRepetitions = 5;

// Returns the rate of the fastest repetition, since other load on the machine only slows a run down.
double best_rate(double work, const std::function<void()>& run) {
  double best = 0;
  for (int i = 0; i < kRepetitions; ++i) {
    const auto start = std::chrono::steady_clock::now();
    run();
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    best = std::max(best, work / seconds);
  }
  return best;
}

}  // namespace

ops::MachineLimits CpuBackend::measure_limits() {
  const LimitKernels& kernels = limit_kernels(tier_);
  const auto threads = static_cast<std::size_t>(pool_.size());
  std::vector<std::uint64_t> sinks(threads);
  ops::MachineLimits limits;
  {
    const HostMemory memory(threads * kBytesPerThread);
    // Write the memory first: pages that were never written all map to the same zero page.
    const auto bytes_of = [&](int thread) {
      return memory.data() + static_cast<std::size_t>(thread) * kBytesPerThread;
    };
    pool_.for_each_thread([&](int thread) { std::fill_n(bytes_of(thread), kBytesPerThread, std::byte{1}); });
    limits.read_bytes_per_second = best_rate(static_cast<double>(threads * kBytesPerThread), [&] {
      pool_.for_each_thread([&](int thread) {
        sinks[static_cast<std::size_t>(thread)] = kernels.read(bytes_of(thread), kBytesPerThread);
      });
    });
  }
  const auto rate_of = [&](const ArithmeticKernel& kernel) {
    const double operations = static_cast<double>(threads) * static_cast<double>(kRounds) * kernel.operations_per_round;
    return best_rate(operations, [&] {
      pool_.for_each_thread([&](int thread) { sinks[static_cast<std::size_t>(thread)] += kernel.run(kRounds); });
    });
  };
  limits.float_operations_per_second = rate_of(kernels.floats);
  limits.integer_operations_per_second = rate_of(kernels.integers);
  return limits;
}

}  // namespace rocmforge::cpu
