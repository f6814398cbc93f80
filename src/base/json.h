// JSON in and out, safe for content of unknown origin. The library's full header is slow to compile, so it stays in
// .cpp files.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace rocmforge {

inline constexpr int kJsonMaxDepth = 64;

// What would command a terminal or turn the direction of its text is written as escapes. Text that is not UTF-8 is replaced by U+FFFD instead of failing. indent < 0: everything on one line.
std::string dump_json(const nlohmann::json& value, int indent = -1);
std::string dump_json(const nlohmann::ordered_json& value, int indent = -1);

// One JSON value. What is malformed or nested deeper than kJsonMaxDepth is an Error "WHAT: line 3, column 7: ...".
nlohmann::json parse_json(std::string_view text, std::string_view what);

enum class RepeatedKeys { kLastCounts, kRefused };

// Keeps the order of keys.
nlohmann::ordered_json parse_ordered_json(std::string_view text, std::string_view what,
                                          RepeatedKeys repeated = RepeatedKeys::kLastCounts);

}  // namespace rocmforge
