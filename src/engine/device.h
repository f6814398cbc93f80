// Which backends a run may use, by the name that the user gives: auto, cpu, ref, emu, gpu or gpu:N.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/cpu_tier.h"
#include "ops/backend.h"

namespace rocmforge::engine {

struct DeviceOptions {
  std::string device = "auto";
  int threads = 0;  // 0: the allowed physical cores
  CpuTier tier = best_cpu_tier();
};

// A backend and why it is used.
struct Device {
  std::unique_ptr<ops::Backend> backend;
  std::string reason;
  std::uint64_t weight_budget = 0;  // bytes that it may hold; 0: as much as it has memory
};

// The preferred one first. An Error for a name that is none, and for a device that is not here: asking for a GPU never
// ends on the CPU.
std::vector<Device> open_devices(const DeviceOptions& options);

}  // namespace rocmforge::engine
