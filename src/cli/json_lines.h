// Reads requests as lines of JSON and writes answers as lines of JSON, for the --jsonl option of all commands.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace rocmforge::cli {

// The largest size of a line in bytes. Longer lines are refused, so that the memory for input is bounded.
inline constexpr std::size_t kLongestJsonLine = std::size_t{256} << 20;

struct AnsweredLines {
  std::uint64_t lines = 0;
  std::uint64_t failed = 0;
};

// Answers every nonempty line of standard input with one line on standard output. The answer to a line that is not
// JSON, repeats a key or cannot be answered is {"error": "line 3: …"}. Then the next line is read.
AnsweredLines answer_json_lines(const std::function<nlohmann::ordered_json(const nlohmann::ordered_json&)>& answer);

// Returns all of standard input. Throws Error if it has more than `most` bytes.
std::string read_standard_input(std::size_t most);

// Returns the option's value, or else standard input. Logs a message before it waits for input from a terminal.
std::string input_of(const std::optional<std::string>& given, std::size_t most);

// Finds a field of an object; nullptr if it is missing or null.
const nlohmann::ordered_json* find_field(const nlohmann::ordered_json& object, std::string_view name);
// Returns the string in a field of the line's object. Throws Error if it is missing or has another type.
std::string text_field(const nlohmann::ordered_json& line, std::string_view name);
// Return the value of a field, or nothing if it is missing or null. Throw Error if it has another type or is out of
// range.
std::optional<double> optional_number_field(const nlohmann::ordered_json& line, std::string_view name, double least,
                                            double greatest);
std::optional<std::int64_t> optional_integer_field(const nlohmann::ordered_json& line, std::string_view name,
                                                   std::int64_t least, std::int64_t greatest);
// Returns the boolean in a field, or `fallback` if it is missing. Throws Error if it has another type.
bool bool_field(const nlohmann::ordered_json& line, std::string_view name, bool fallback);

}  // namespace rocmforge::cli
