// JSON line by line: what --jsonl means in every command that has it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace rocmforge::cli {

// Longer lines are refused, so that no input takes memory without bound.
inline constexpr std::size_t kLongestJsonLine = std::size_t{256} << 20;

struct AnsweredLines {
  std::uint64_t lines = 0;
  std::uint64_t failed = 0;
};

// Answers every line of standard input that is not empty by one line on standard output. A line that is not JSON, repeats a
// key or cannot be answered is answered by {"error": "line 3: …"}, and the next line is read.
AnsweredLines answer_json_lines(const std::function<nlohmann::ordered_json(const nlohmann::ordered_json&)>& answer);

// The whole of standard input; more than `most` bytes are an Error.
std::string read_standard_input(std::size_t most);

// Returns what an option gave, or else standard input; on a terminal it first says that it waits for that.
std::string input_of(const std::optional<std::string>& given, std::size_t most);

// Fields of a line's object. One that is missing where no fallback is given, or of another type, is an Error.
std::string text_field(const nlohmann::ordered_json& line, std::string_view name);
// The same where the field may be missing or null.
std::optional<double> optional_number_field(const nlohmann::ordered_json& line, std::string_view name, double least,
                                            double greatest);
std::optional<std::int64_t> optional_integer_field(const nlohmann::ordered_json& line, std::string_view name,
                                                   std::int64_t least, std::int64_t greatest);
bool bool_field(const nlohmann::ordered_json& line, std::string_view name, bool fallback);

}  // namespace rocmforge::cli
