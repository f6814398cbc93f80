#include "base/cpu_count.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <set>
#include <sstream>
#include <string>
#include <string_view>

#include <sched.h>

#include "base/cgroup.h"

namespace rocmforge {
namespace {

namespace fs = std::filesystem;

std::optional<double> to_number(std::string_view text) {
  double value = 0;
  const auto [stop, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc()) return std::nullopt;
  return value;
}

std::optional<double> ratio(std::optional<double> quota, std::optional<double> period) {
  if (!quota || !period || *quota <= 0 || *period <= 0) return std::nullopt;
  return *quota / *period;
}

// cpu.max is "max 100000" or "150000 100000".
std::optional<double> quota_v2(const fs::path& group) {
  std::istringstream line(first_line(group / "cpu.max").value_or(""));
  std::string quota, period;
  line >> quota >> period;
  return ratio(to_number(quota), to_number(period));
}

// cpu.cfs_quota_us is -1 if there is no limit.
std::optional<double> quota_v1(const fs::path& group) {
  return ratio(to_number(first_line(group / "cpu.cfs_quota_us").value_or("")),
               to_number(first_line(group / "cpu.cfs_period_us").value_or("")));
}

int within_quota(int count) {
  const std::optional<double> quota = cgroup_cpu_quota();
  if (!quota) return std::max(count, 1);
  return std::clamp(static_cast<int>(std::min(*quota, 1e6)), 1, std::max(count, 1));
}

}  // namespace

std::vector<int> allowed_cpus() {
  // The mask of a large machine does not fit into cpu_set_t, and the system refuses masks that are too small.
  for (int capacity = CPU_SETSIZE; capacity <= 1 << 20; capacity *= 2) {
    std::vector<cpu_set_t> mask(static_cast<std::size_t>(capacity / CPU_SETSIZE));
    const std::size_t bytes = mask.size() * sizeof(cpu_set_t);
    if (sched_getaffinity(0, bytes, mask.data()) != 0) continue;
    std::vector<int> cpus;
    for (int cpu = 0; cpu < capacity; ++cpu) {
      if (CPU_ISSET_S(cpu, bytes, mask.data())) cpus.push_back(cpu);
    }
    return cpus;
  }
  return {0};
}

std::optional<double> cgroup_cpu_quota(const fs::path& root) {
  std::optional<double> least;
  for (const CgroupFolder& group : cgroup_folders("cpu", root)) {
    const std::optional<double> quota = group.unified ? quota_v2(group.path) : quota_v1(group.path);
    if (quota && (!least || *quota < *least)) least = quota;
  }
  return least;
}

int physical_cores(std::span<const int> cpus, const fs::path& root) {
  std::set<std::string> cores;
  for (const int cpu : cpus) {
    const std::string name = "cpu" + std::to_string(cpu);
    const auto siblings = first_line(root / "sys/devices/system/cpu" / name / "topology/thread_siblings_list");
    cores.insert(siblings.value_or(name));
  }
  return static_cast<int>(cores.size());
}

int usable_cpus() { return within_quota(static_cast<int>(allowed_cpus().size())); }

int default_threads() { return within_quota(physical_cores(allowed_cpus())); }

}  // namespace rocmforge
