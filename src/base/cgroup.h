// Finds the folders of the control groups of this process, which contain a container's limits.
//
// `root` is "/" except in tests.
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

// Returns the folders of the groups that limit a controller ("cpu", "memory"), from the top of each hierarchy, version
// 1 or 2, down to the process's own group. A limit in any of them applies.
std::vector<CgroupFolder> cgroup_folders(std::string_view controller, const std::filesystem::path& root = "/");

std::optional<std::string> first_line(const std::filesystem::path& path);

}  // namespace rocmforge
