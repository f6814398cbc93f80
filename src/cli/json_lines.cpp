#include "cli/json_lines.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/terminal.h"

namespace rocmforge::cli {
namespace {

using nlohmann::ordered_json;

enum class LineState { kRead, kTooLong, kEnd };

// Reads a line of standard input, without its line feed. Skips the rest of a line that is too long.
LineState read_line(std::string& line) {
  line.clear();
  bool any = false, too_long = false;
  for (int c = getc_unlocked(stdin); c != EOF; c = getc_unlocked(stdin)) {
    any = true;
    if (c == '\n') break;
    too_long = too_long || line.size() >= kLongestJsonLine;
    if (!too_long) line += static_cast<char>(c);
  }
  if (std::ferror(stdin) != 0) throw system_error("standard input", "read", errno);
  if (!any) return LineState::kEnd;
  return too_long ? LineState::kTooLong : LineState::kRead;
}

// Returns whether a program may wait for each answer before it sends the next line. It does not if the input is a file.
bool answers_are_awaited() {
  struct stat input{};
  return fstat(STDIN_FILENO, &input) != 0 || !S_ISREG(input.st_mode);
}

// Removes "line 1" from the message of the JSON parser, which sees only one line.
std::string without_line(std::string message) {
  constexpr std::string_view kLine = ": line 1, column";
  const std::size_t found = message.find(kLine);
  return found == std::string::npos ? message : message.replace(found, kLine.size(), ", column");
}

ordered_json parsed(std::string_view line) {
  try {
    return parse_ordered_json(line, "not JSON", RepeatedKeys::kRefused);
  } catch (const Error& problem) {
    throw Error(problem.code(), without_line(problem.message()));
  }
}

ordered_json answer_to(std::string_view line, std::uint64_t number, bool too_long,
                       const std::function<ordered_json(const ordered_json&)>& answer, AnsweredLines& count) {
  ++count.lines;
  try {
    if (too_long) throw error(ErrorCode::kTooLarge, "longer than {}", format_bytes(kLongestJsonLine));
    return answer(parsed(line));
  } catch (const Error& problem) {
    ++count.failed;
    return {{"error", fmt::format("line {}: {}", number, problem.message())}};
  }
}

// Tells the user that the program waits for input from the terminal.
void say_if_waiting(std::string_view what) {
  if (isatty(STDIN_FILENO) == 1) log::info("reading {} from the terminal; Ctrl-D ends it", what);
}

[[noreturn]] void refuse_field(std::string_view name, const ordered_json& line, std::string_view expected) {
  const auto found = line.find(name);
  if (found == line.end()) throw error(ErrorCode::kMalformed, "the field '{}' is missing, expected {}", name, expected);
  throw error(ErrorCode::kMalformed, "the field '{}' is {}, expected {}", name, printable(dump_json(*found)), expected);
}

}  // namespace

AnsweredLines answer_json_lines(const std::function<ordered_json(const ordered_json&)>& answer) {
  AnsweredLines count;
  const bool flush = answers_are_awaited();
  say_if_waiting("lines of JSON");
  std::string line;
  for (std::uint64_t number = 1;; ++number) {
    const LineState state = read_line(line);
    if (state == LineState::kEnd) return count;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const std::string text = dump_json(answer_to(line, number, state == LineState::kTooLong, answer, count)) + "\n";
    const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
    if (!written || (flush && std::fflush(stdout) != 0)) throw system_error("standard output", "write", errno);
  }
}

std::string read_standard_input(std::size_t most) {
  std::string text;
  char part[65536];
  while (const std::size_t count = std::fread(part, 1, sizeof part, stdin)) {
    if (text.size() + count > most) {
      throw error(ErrorCode::kTooLarge, "standard input has more than {}", format_bytes(most));
    }
    text.append(part, count);
  }
  if (std::ferror(stdin) != 0) throw system_error("standard input", "read", errno);
  return text;
}

std::string input_of(const std::optional<std::string>& given, std::size_t most) {
  if (given) return *given;
  say_if_waiting("a text");
  return read_standard_input(most);
}

const ordered_json* find_field(const ordered_json& object, std::string_view name) {
  const auto found = object.find(name);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

std::string text_field(const ordered_json& line, std::string_view name) {
  if (!line.is_object()) throw error(ErrorCode::kMalformed, "expected an object with the field '{}'", name);
  const auto found = line.find(name);
  if (found == line.end() || !found->is_string()) refuse_field(name, line, "a text");
  return found->get<std::string>();
}

std::optional<double> optional_number_field(const ordered_json& line, std::string_view name, double least,
                                            double greatest) {
  const ordered_json* const found = find_field(line, name);
  if (found == nullptr) return std::nullopt;
  const double number = found->is_number() ? found->get<double>() : std::nan("");
  if (!(number >= least && number <= greatest)) {
    refuse_field(name, line, fmt::format("a number from {} to {}", least, greatest));
  }
  return number;
}

std::optional<std::int64_t> optional_integer_field(const ordered_json& line, std::string_view name, std::int64_t least,
                                                   std::int64_t greatest) {
  const ordered_json* const found = find_field(line, name);
  if (found == nullptr) return std::nullopt;
  const bool is_huge = found->is_number_unsigned() && !std::in_range<std::int64_t>(found->get<std::uint64_t>());
  const bool is_whole = found->is_number_integer() && !is_huge;
  if (!is_whole || found->get<std::int64_t>() < least || found->get<std::int64_t>() > greatest) {
    refuse_field(name, line, fmt::format("a whole number from {} to {}", least, greatest));
  }
  return found->get<std::int64_t>();
}

bool bool_field(const ordered_json& line, std::string_view name, bool fallback) {
  const auto found = line.find(name);
  if (found == line.end()) return fallback;
  if (!found->is_boolean()) refuse_field(name, line, "true or false");
  return found->get<bool>();
}

}  // namespace rocmforge::cli
