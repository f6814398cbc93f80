// Opens the backends that a run may use, given a device name: auto, cpu, ref, emu, gpu or gpu:N.
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
  int threads = 0;  // 0: one per physical core that the process may use
  CpuTier tier = best_cpu_tier();
};

// A backend and why it is used.
struct Device {
  std::unique_ptr<ops::Backend> backend;
  std::string reason;
  std::uint64_t weight_budget = 0;  // bytes of weights that it may hold; 0: as much as fits into its memory
};

// Opens the devices, the preferred one first. Throws Error if the name is unknown or the device is not available. A
// request for a GPU never falls back to the CPU.
std::vector<Device> open_devices(const DeviceOptions& options);

}  // namespace rocmforge::engine
