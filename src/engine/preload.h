// Brings a model's files into memory before the first step, and keeps them there if asked to.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "gguf/reader.h"

namespace rocmforge::engine {

// Touches every page of every tensor. With `lock` the pages cannot be dropped afterwards; an Error, with the limit,
// where the system does not allow that.
void preload(const gguf::File& file, bool lock,
             const std::function<void(std::uint64_t done, std::uint64_t total, std::string_view what)>& on_progress);

}  // namespace rocmforge::engine
