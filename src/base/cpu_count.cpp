#include "base/cpu_count.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <string_view>

#include <sched.h>

namespace rocmforge {
namespace {

namespace fs = std::filesystem;

std::optional<std::string> first_line(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  return line;
}

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

// Version 2: "max 100000" or "150000 100000".
std::optional<double> quota_v2(const fs::path& group) {
  std::istringstream line(first_line(group / "cpu.max").value_or(""));
  std::string quota, period;
  line >> quota >> period;
  return ratio(to_number(quota), to_number(period));
}

// Version 1: -1 for no limit.
std::optional<double> quota_v1(const fs::path& group) {
  return ratio(to_number(first_line(group / "cpu.cfs_quota_us").value_or("")),
               to_number(first_line(group / "cpu.cfs_period_us").value_or("")));
}

// Whether a comma-separated list holds the word.
bool lists(std::string_view list, std::string_view word) {
  while (true) {
    const std::size_t comma = list.find(',');
    if (list.substr(0, comma) == word) return true;
    if (comma == std::string_view::npos) return false;
    list.remove_prefix(comma + 1);
  }
}

// mountinfo writes a space in a path as \040.
std::string unescape(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    int code = 0;
    const bool escape = text.size() >= 4 && text[0] == '\\' &&
                        std::from_chars(text.data() + 1, text.data() + 4, code, 8).ptr == text.data() + 4;
    out += escape ? static_cast<char>(code) : text[0];
    text.remove_prefix(escape ? 4 : 1);
  }
  return out;
}

struct CgroupMount {
  bool unified = false;  // version 2
  std::string root;      // the group that the mount shows as its top
  std::string point;
};

// Mounts that can hold a limit on CPU time, from /proc/self/mountinfo: "ID PARENT DEVICE ROOT POINT OPTIONS... - TYPE
// SOURCE SUPER_OPTIONS".
std::vector<CgroupMount> cgroup_mounts(const fs::path& root) {
  std::vector<CgroupMount> mounts;
  std::ifstream file(root / "proc/self/mountinfo");
  for (std::string line; std::getline(file, line);) {
    const std::size_t dash = line.find(" - ");
    if (dash == std::string::npos) continue;
    std::istringstream before(line.substr(0, dash)), after(line.substr(dash + 3));
    std::string skipped, group, point, type, source, options;
    before >> skipped >> skipped >> skipped >> group >> point;
    after >> type >> source >> options;
    const bool unified = type == "cgroup2";
    if (unified || (type == "cgroup" && lists(options, "cpu")))
      mounts.push_back({unified, unescape(group), unescape(point)});
  }
  return mounts;
}

// This process's group in one hierarchy, from /proc/self/cgroup: "0::/path" for version 2, "4:cpu,cpuacct:/path" for 1.
std::optional<std::string> own_group(const fs::path& root, bool unified) {
  std::ifstream file(root / "proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string_view controllers = std::string_view(line).substr(first + 1, second - first - 1);
    if (unified ? controllers.empty() : lists(controllers, "cpu")) return line.substr(second + 1);
  }
  return std::nullopt;
}

// The path of the group below the mount point. Outside of what is mounted (a container may see only its own part): the
// top.
fs::path below_mount(const CgroupMount& mount, const std::string& group) {
  const fs::path relative = fs::path(group).lexically_relative(mount.root);
  if (relative.empty() || *relative.begin() == "..") return ".";
  return relative;
}

int within_quota(int count) {
  const std::optional<double> quota = cgroup_cpu_quota();
  if (!quota) return std::max(count, 1);
  return std::clamp(static_cast<int>(std::min(*quota, 1e6)), 1, std::max(count, 1));
}

}  // namespace

std::vector<int> allowed_cpus() {
  // The mask of a large machine does not fit cpu_set_t; the system refuses too small ones.
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
  for (const CgroupMount& mount : cgroup_mounts(root)) {
    const std::optional<std::string> group = own_group(root, mount.unified);
    if (!group) continue;
    const fs::path top = root / fs::path(mount.point).relative_path();
    fs::path place = top;
    for (const fs::path& name : fs::path(".") / below_mount(mount, *group)) {
      place /= name;
      const std::optional<double> quota = mount.unified ? quota_v2(place) : quota_v1(place);
      if (quota && (!least || *quota < *least)) least = quota;
    }
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
