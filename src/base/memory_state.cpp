#include "base/memory_state.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

#include "base/cgroup.h"

namespace rocmforge {
namespace {

namespace fs = std::filesystem;

// Returns the number in a file, or nothing for "max" or if there is no file.
std::optional<std::uint64_t> number_in(const fs::path& path) {
  const std::string text = first_line(path).value_or("");
  std::uint64_t value = 0;
  const auto [stop, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc()) return std::nullopt;
  return value;
}

// Returns the value of a line "KEY VALUE ..." of /proc/meminfo (in KiB, the key with a colon) or memory.stat.
std::optional<std::uint64_t> entry(const fs::path& path, std::string_view key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string name;
    std::uint64_t value = 0;
    if (words >> name >> value && name == key) return value;
  }
  return std::nullopt;
}

struct Limit {
  std::uint64_t limit;
  std::uint64_t used;
};

// The use of a group includes the page cache of files that it has read, such as a model. Page cache that has not been
// used for long is reclaimed before an allocation fails, so it counts as available.
std::optional<Limit> limit_of(const CgroupFolder& group) {
  const bool v2 = group.unified;
  const auto limit = number_in(group.path / (v2 ? "memory.max" : "memory.limit_in_bytes"));
  const auto used = number_in(group.path / (v2 ? "memory.current" : "memory.usage_in_bytes"));
  if (!limit || !used) return std::nullopt;
  const auto cache = entry(group.path / "memory.stat", v2 ? "inactive_file" : "total_inactive_file").value_or(0);
  return Limit{*limit, *used - std::min(*used, cache)};
}

}  // namespace

SystemMemory system_memory(const fs::path& root) {
  constexpr std::uint64_t kKibibyte = 1024;
  const fs::path meminfo = root / "proc/meminfo";
  SystemMemory memory;
  memory.total = entry(meminfo, "MemTotal:").value_or(0) * kKibibyte;
  memory.available = entry(meminfo, "MemAvailable:").value_or(0) * kKibibyte;
  for (const CgroupFolder& group : cgroup_folders("memory", root)) {
    const std::optional<Limit> found = limit_of(group);
    if (!found) continue;
    memory.total = std::min(memory.total, found->limit);
    memory.available = std::min(memory.available, found->limit - std::min(found->limit, found->used));
  }
  return memory;
}

}  // namespace rocmforge
