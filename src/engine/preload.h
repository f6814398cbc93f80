// Reads a model's files into memory before the first step and can lock them there.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "gguf/reader.h"

namespace rocmforge::engine {

// Touches every page of every tensor. With `lock`, also locks the pages in memory; throws Error, with the system's
// limit, if that fails.
void preload(const gguf::File& file, bool lock,
             const std::function<void(std::uint64_t done, std::uint64_t total, std::string_view what)>& on_progress);

}  // namespace rocmforge::engine
