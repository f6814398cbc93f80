// A file of this machine as a file of the store.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "store/partial_file.h"

namespace rocmforge::store {

// Copies the file into `partial`, sharing its space where the disk can do that, and returns the SHA-256 of the copy. An
// Error for what is no GGUF file or changes meanwhile. `on_progress` is given the bytes done and may throw.
std::string copy_file(const std::string& path, std::uint64_t size, PartialFile& partial,
                      const std::function<void(std::uint64_t)>& on_progress);

}  // namespace rocmforge::store
