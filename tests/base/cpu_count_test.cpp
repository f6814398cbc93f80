// Tests the number of processors that a process may use, with fake files of /proc and /sys.
#include "base/cpu_count.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/temp_folder.h"

namespace rocmforge {
namespace {

using testing::TempFolder;

constexpr const char* kUnifiedMount = "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n";
constexpr const char* kVersion1Mount = "34 31 0:30 {} /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n";

std::string version1_mount(const std::string& group) {
  std::string line = kVersion1Mount;
  return line.replace(line.find("{}"), 2, group);
}

// A thread per processor that the container may not use slows every step down: they wait for each other.
TEST(CpuCount, FindsTheTightestQuotaOfVersion2) {
  const TempFolder root;
  root.write("proc/self/mountinfo", kUnifiedMount);
  root.write("proc/self/cgroup", "0::/machine.slice/box\n");
  EXPECT_EQ(cgroup_cpu_quota(root.path()), std::nullopt);
  root.write("sys/fs/cgroup/machine.slice/box/cpu.max", "max 100000\n");
  EXPECT_EQ(cgroup_cpu_quota(root.path()), std::nullopt);
  root.write("sys/fs/cgroup/machine.slice/cpu.max", "350000 100000\n");
  EXPECT_EQ(cgroup_cpu_quota(root.path()), 3.5);
  root.write("sys/fs/cgroup/machine.slice/box/cpu.max", "150000 100000\n");
  EXPECT_EQ(cgroup_cpu_quota(root.path()), 1.5);
  root.write("sys/fs/cgroup/machine.slice/box/cpu.max", "800000 100000\n");
  EXPECT_EQ(cgroup_cpu_quota(root.path()), 3.5);
}

// Docker with version 1 shows the container's own group as the mount's top.
TEST(CpuCount, FindsTheQuotaOfVersion1InsideAContainer) {
  const TempFolder root;
  root.write("proc/self/mountinfo", version1_mount("/docker/abc"));
  root.write("proc/self/cgroup", "5:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n0::/\n");
  root.write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
  root.write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(cgroup_cpu_quota(root.path()), std::nullopt);
  root.write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "400000\n");
  EXPECT_EQ(cgroup_cpu_quota(root.path()), 4.0);
}

// A group outside of what the container sees must not lead the search astray.
TEST(CpuCount, TakesTheTopForAGroupOutsideTheMount) {
  const TempFolder root;
  root.write("proc/self/mountinfo", version1_mount("/docker/abc"));
  root.write("proc/self/cgroup", "4:cpu:/somewhere/else\n");
  root.write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "200000\n");
  root.write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(cgroup_cpu_quota(root.path()), 2.0);
}

TEST(CpuCount, ReadsEscapedMountPoints) {
  const TempFolder root;
  root.write("proc/self/mountinfo", "30 23 0:26 / /c\\040group rw - cgroup2 cgroup2 rw\n");
  root.write("proc/self/cgroup", "0::/\n");
  root.write("c group/cpu.max", "50000 100000\n");
  EXPECT_EQ(cgroup_cpu_quota(root.path()), 0.5);
}

TEST(CpuCount, NoLimitWithoutCgroupsOrWithNonsense) {
  const TempFolder root;
  EXPECT_EQ(cgroup_cpu_quota(root.path()), std::nullopt);
  root.write("proc/self/mountinfo", std::string("nonsense\n- - -\n") + kUnifiedMount);
  root.write("proc/self/cgroup", "nonsense\n0::/\n");
  root.write("sys/fs/cgroup/cpu.max", "many few\n");
  EXPECT_EQ(cgroup_cpu_quota(root.path()), std::nullopt);
}

// Two threads on one core's vector unit gain nothing and cost cache.
TEST(CpuCount, CountsCoresOnce) {
  const TempFolder root;
  const char* const siblings[] = {"0,4", "1,5", "2,6", "3,7", "0,4", "1,5", "2,6", "3,7"};
  for (int cpu = 0; cpu < 8; ++cpu) {
    root.write("sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/thread_siblings_list", siblings[cpu]);
  }
  EXPECT_EQ(physical_cores(std::vector{0, 1, 2, 3, 4, 5, 6, 7}, root.path()), 4);
  EXPECT_EQ(physical_cores(std::vector{1, 4, 5}, root.path()), 2);
  EXPECT_EQ(physical_cores(std::vector{8, 9}, root.path()), 2);  // unknown ones count as they are
}

TEST(CpuCount, AnswersForThisMachine) {
  EXPECT_FALSE(allowed_cpus().empty());
  EXPECT_GE(default_threads(), 1);
  EXPECT_GE(usable_cpus(), default_threads());
}

}  // namespace
}  // namespace rocmforge
