#include "engine/device.h"

#include "backends/cpu/factory.h"
#include "backends/ref/factory.h"
#include "base/cpu_count.h"
#include "base/error.h"
#include "base/text.h"

namespace rocmforge::engine {
namespace {

bool is_gpu(std::string_view name) {
  if (name == "gpu" || name == "emu") return true;
  return name.starts_with("gpu:") && name.size() > 4 &&
         name.find_first_not_of("0123456789", 4) == std::string_view::npos;
}

}  // namespace

std::vector<Device> open_devices(const DeviceOptions& options) {
  const std::string& name = options.device;
  const int threads = options.threads > 0 ? options.threads : default_threads();
  std::vector<Device> devices;
  if (name == "auto" || name == "cpu") {
    const std::string reason = name == "cpu" ? "asked for with --device cpu" : "this build has no GPU backend";
    devices.push_back({cpu::make_backend({.threads = threads, .tier = options.tier}), reason, 0});
  } else if (name == "ref") {
    devices.push_back({ref::make_backend(), "asked for with --device ref", 0});
  } else if (is_gpu(name)) {
    throw Error(ErrorCode::kUnsupported, fmt::format("--device {}: this build has no GPU backend", name),
                "--device cpu runs on the processor");
  } else {
    throw error(ErrorCode::kUsage, "--device {}: expected auto, cpu, ref, gpu or gpu:N", printable(name));
  }
  return devices;
}

}  // namespace rocmforge::engine
