// Reads and writes JSON, safe for content of unknown origin. The library's full header is slow to compile, so only .cpp
// files include it.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace rocmforge {

inline constexpr int kJsonMaxDepth = 64;

// Return the value as text. Characters that would command a terminal or turn the direction of its text are written as
// escapes. Invalid UTF-8 is replaced by U+FFFD. indent < 0: everything on one line.
std::string dump_json(const nlohmann::json& value, int indent = -1);
std::string dump_json(const nlohmann::ordered_json& value, int indent = -1);

// Parses one JSON value. Throws Error, "WHAT: line 3, column 7: ...", if the text is malformed or nested deeper than
// kJsonMaxDepth.
nlohmann::json parse_json(std::string_view text, std::string_view what);

enum class RepeatedKeys { kLastCounts, kRefused };

// Parses one JSON value as parse_json() does, and keeps the order of keys.
nlohmann::ordered_json parse_ordered_json(std::string_view text, std::string_view what,
                                          RepeatedKeys repeated = RepeatedKeys::kLastCounts);

}  // namespace rocmforge
