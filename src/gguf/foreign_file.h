// Identifies files that are not GGUF, so that the error says more than "bad magic".
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "base/error.h"

namespace rocmforge::gguf {

// Returns the error for a file that does not begin with "GGUF".
Error not_a_gguf_file(std::span<const std::byte> bytes, const std::string& file);

}  // namespace rocmforge::gguf
