// Reads how much memory this process may still use: the machine's memory, limited by its control groups.
//
// `root` is "/" except in tests.
#pragma once

#include <cstdint>
#include <filesystem>

namespace rocmforge {

struct SystemMemory {
  std::uint64_t total = 0;
  std::uint64_t available = 0;  // without swapping; includes page cache that can be dropped
};

// Returns zeros if nothing can be read.
SystemMemory system_memory(const std::filesystem::path& root = "/");

}  // namespace rocmforge
