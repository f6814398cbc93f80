// Parses and makes the names of a model's parts: PREFIX-00001-of-00004.gguf to PREFIX-00004-of-00004.gguf.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rocmforge::gguf {

struct SplitName {
  std::string prefix;        // including its folder
  std::uint64_t number = 0;  // from 1
  std::uint64_t count = 0;
};

// Returns nothing if the path is not the name of a part.
std::optional<SplitName> parse_split_name(std::string_view path);

// Returns the name of a part. `number` starts at 1.
std::string split_name(std::string_view prefix, std::uint64_t number, std::uint64_t count);

// Returns the prefix of the names of the parts of `path`: "model.gguf" gives "model".
std::string_view split_prefix(std::string_view path);

}  // namespace rocmforge::gguf
