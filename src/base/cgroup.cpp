#include "base/cgroup.h"

#include <charconv>
#include <fstream>
#include <sstream>

namespace rocmforge {
namespace {

namespace fs = std::filesystem;

// Returns whether a comma-separated list contains the word.
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
  std::string root;      // the group that is the top of the mount
  std::string point;
};

// Returns the mounts that can contain a limit of the controller, from /proc/self/mountinfo: "ID PARENT DEVICE ROOT
// POINT OPTIONS... - TYPE SOURCE SUPER_OPTIONS".
std::vector<CgroupMount> cgroup_mounts(std::string_view controller, const fs::path& root) {
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
    if (unified || (type == "cgroup" && lists(options, controller)))
      mounts.push_back({unified, unescape(group), unescape(point)});
  }
  return mounts;
}

// Returns this process's group in one hierarchy, from /proc/self/cgroup: "0::/path" for version 2,
// "4:cpu,cpuacct:/path" for version 1.
std::optional<std::string> own_group(std::string_view controller, const fs::path& root, bool unified) {
  std::ifstream file(root / "proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string_view controllers = std::string_view(line).substr(first + 1, second - first - 1);
    if (unified ? controllers.empty() : lists(controllers, controller)) return line.substr(second + 1);
  }
  return std::nullopt;
}

// Returns the path of the group below the mount point, or "." if the group is outside of what is mounted (a container
// may see only its own part).
fs::path below_mount(const CgroupMount& mount, const std::string& group) {
  const fs::path relative = fs::path(group).lexically_relative(mount.root);
  if (relative.empty() || *relative.begin() == "..") return ".";
  return relative;
}

}  // namespace

std::optional<std::string> first_line(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  return line;
}

std::vector<CgroupFolder> cgroup_folders(std::string_view controller, const fs::path& root) {
  std::vector<CgroupFolder> folders;
  for (const CgroupMount& mount : cgroup_mounts(controller, root)) {
    const std::optional<std::string> group = own_group(controller, root, mount.unified);
    if (!group) continue;
    fs::path place = root / fs::path(mount.point).relative_path();
    for (const fs::path& name : fs::path(".") / below_mount(mount, *group)) {
      place /= name;
      folders.push_back({place, mount.unified});
    }
  }
  return folders;
}

}  // namespace rocmforge
