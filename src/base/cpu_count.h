// How many processors this process may really use: the machine's, less what the affinity mask and a container's quota
// take.
//
// `root` stands for "/" and is another folder in tests only.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <vector>

namespace rocmforge {

// The logical processors of the calling thread's affinity mask, ascending.
std::vector<int> allowed_cpus();

// The processors' time that the cgroup grants, in processors (1.5 is one and a half); the least along the path to the
// root of the hierarchy, version 1 or 2. None: no limit.
std::optional<double> cgroup_cpu_quota(const std::filesystem::path& root = "/");

// Cores behind the given logical processors: those that share a core count once.
int physical_cores(std::span<const int> cpus, const std::filesystem::path& root = "/");

// Allowed logical processors within the quota, at least 1: with more busy threads than this, they wait for each other.
int usable_cpus();

// Allowed physical cores within the quota, at least 1: what compute threads default to.
int default_threads();

}  // namespace rocmforge
