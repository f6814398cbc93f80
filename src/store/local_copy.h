// Copies a file of this machine into the store.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "store/partial_file.h"

namespace rocmforge::store {

// Copies the file into `partial`, sharing its disk space if the file system can do that, and returns the SHA-256 of the
// copy. Throws Error if it is not a GGUF file or changes during the copy. `on_progress` receives the bytes done and may
// throw.
std::string copy_file(const std::string& path, std::uint64_t size, PartialFile& partial,
                      const std::function<void(std::uint64_t)>& on_progress);

}  // namespace rocmforge::store
