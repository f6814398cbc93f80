// How much memory this process may still use: the machine's, or what its control groups leave of it.
//
// `root` stands for "/" and is another folder in tests only.
#pragma once

#include <cstdint>
#include <filesystem>

namespace rocmforge {

struct SystemMemory {
  std::uint64_t total = 0;
  std::uint64_t available = 0;  // without pushing others out; page cache that can be dropped counts
};

// Zeros where nothing can be read.
SystemMemory system_memory(const std::filesystem::path& root = "/");

}  // namespace rocmforge
