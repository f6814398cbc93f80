// Where the control groups that this process is in have their files: what a container's limits are read from.
//
// `root` stands for "/" and is another folder in tests only.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rocmforge {

struct CgroupFolder {
  std::filesystem::path path;
  bool unified = false;  // version 2
};

// The folders of the groups that limit a controller ("cpu", "memory"), from the top of each hierarchy, version 1 or 2,
// down to the process's own. A limit in any of them counts.
std::vector<CgroupFolder> cgroup_folders(std::string_view controller, const std::filesystem::path& root = "/");

std::optional<std::string> first_line(const std::filesystem::path& path);

}  // namespace rocmforge
