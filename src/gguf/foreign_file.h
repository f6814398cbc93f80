// What a file that is no GGUF is instead, so that its owner is told more than "bad magic".
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "base/error.h"

namespace rocmforge::gguf {

// The error for a file that does not begin with "GGUF".
Error not_a_gguf_file(std::span<const std::byte> bytes, const std::string& file);

}  // namespace rocmforge::gguf
