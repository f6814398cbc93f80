// Counts the processors that this process may use: those of the machine, limited by the affinity mask and a container's
// quota.
//
// `root` is "/" except in tests.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <vector>

namespace rocmforge {

// Returns the logical processors in the calling thread's affinity mask, in ascending order.
std::vector<int> allowed_cpus();

// Returns the processor time that the cgroup grants, in processors (1.5 is one and a half): the least quota on the path
// to the root of the hierarchy, version 1 or 2. Empty if there is no limit.
std::optional<double> cgroup_cpu_quota(const std::filesystem::path& root = "/");

// Returns the number of physical cores of the given logical processors.
int physical_cores(std::span<const int> cpus, const std::filesystem::path& root = "/");

// Returns the number of allowed logical processors within the quota, at least 1. More busy threads than this wait for
// each other.
int usable_cpus();

// Returns the number of allowed physical cores within the quota, at least 1: the default number of compute threads.
int default_threads();

}  // namespace rocmforge
