// Tests how much memory a process may use, with fake files of /proc and /sys.
#include "base/memory_state.h"

#include <gtest/gtest.h>

#include "support/temp_folder.h"

namespace rocmforge {
namespace {

using testing::TempFolder;

constexpr const char* kMemInfo =
    "MemTotal:       16000000 kB\nMemFree:         1000000 kB\nMemAvailable:    9000000 kB\n";
constexpr std::uint64_t kKibibyte = 1024;

TEST(MemoryState, OfAMachineWithoutLimits) {
  const TempFolder root;
  root.write("proc/meminfo", kMemInfo);
  const SystemMemory memory = system_memory(root.path());
  EXPECT_EQ(memory.total, 16000000 * kKibibyte);
  EXPECT_EQ(memory.available, 9000000 * kKibibyte);
}

// If memory is planned with the machine's size instead of the container's, the process is killed while loading.
TEST(MemoryState, TheTightestGroupOfVersion2) {
  const TempFolder root;
  root.write("proc/meminfo", kMemInfo);
  root.write("proc/self/mountinfo", "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n");
  root.write("proc/self/cgroup", "0::/machine.slice/box\n");
  root.write("sys/fs/cgroup/machine.slice/memory.max", "4000000000\n");
  root.write("sys/fs/cgroup/machine.slice/memory.current", "3000000000\n");
  root.write("sys/fs/cgroup/machine.slice/box/memory.max", "max\n");
  root.write("sys/fs/cgroup/machine.slice/box/memory.current", "3000000000\n");
  EXPECT_EQ(system_memory(root.path()).total, 4000000000u);
  EXPECT_EQ(system_memory(root.path()).available, 1000000000u);
  root.write("sys/fs/cgroup/machine.slice/box/memory.max", "3500000000\n");
  EXPECT_EQ(system_memory(root.path()).total, 3500000000u);
  EXPECT_EQ(system_memory(root.path()).available, 500000000u);
}

// The pages of a model's file count as used, but the system reclaims them when they are needed.
TEST(MemoryState, PageCacheIsAvailable) {
  const TempFolder root;
  root.write("proc/meminfo", kMemInfo);
  root.write("proc/self/mountinfo", "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n");
  root.write("proc/self/cgroup", "0::/\n");
  root.write("sys/fs/cgroup/memory.max", "4000000000\n");
  root.write("sys/fs/cgroup/memory.current", "3900000000\n");
  root.write("sys/fs/cgroup/memory.stat", "anon 900000000\nfile 3000000000\ninactive_file 2500000000\n");
  EXPECT_EQ(system_memory(root.path()).available, 2600000000u);
}

TEST(MemoryState, OfVersion1) {
  const TempFolder root;
  root.write("proc/meminfo", kMemInfo);
  root.write("proc/self/mountinfo", "34 31 0:30 /docker/abc /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n");
  root.write("proc/self/cgroup", "5:memory:/docker/abc\n0::/\n");
  root.write("sys/fs/cgroup/memory/memory.limit_in_bytes", "2000000000\n");
  root.write("sys/fs/cgroup/memory/memory.usage_in_bytes", "2100000000\n");
  EXPECT_EQ(system_memory(root.path()).total, 2000000000u);
  EXPECT_EQ(system_memory(root.path()).available, 0u);
  root.write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");  // none
  EXPECT_EQ(system_memory(root.path()).available, 9000000 * kKibibyte);
}

TEST(MemoryState, NothingToReadIsNothing) {
  const TempFolder root;
  EXPECT_EQ(system_memory(root.path()).total, 0u);
  root.write("proc/meminfo", "MemTotal: many kB\n");
  EXPECT_EQ(system_memory(root.path()).total, 0u);
}

TEST(MemoryState, OfThisMachine) {
  const SystemMemory memory = system_memory();
  EXPECT_GT(memory.total, 0u);
  EXPECT_GT(memory.available, 0u);
  EXPECT_LE(memory.available, memory.total);
}

}  // namespace
}  // namespace rocmforge
