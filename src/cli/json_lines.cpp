#include "cli/json_lines.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/terminal.h"

namespace rocmforge::cli {
namespace {

using nlohmann::ordered_json;

enum class LineState { kRead, kTooLong, kEnd };

// A line of standard input, without its end. Of one that is too long the rest is passed over.
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

// Whoever feeds one line at a time waits for its answer.
bool answers_are_awaited() {
  struct stat input{};
  return fstat(STDIN_FILENO, &input) != 0 || !S_ISREG(input.st_mode);
}

ordered_json answer_to(std::string_view line, std::uint64_t number, bool too_long,
                       const std::function<ordered_json(const ordered_json&)>& answer) {
  const std::string place = fmt::format("line {}", number);
  try {
    if (too_long) throw error(ErrorCode::kTooLarge, "longer than {}", format_bytes(kLongestJsonLine));
    return answer(parse_ordered_json(line, "not JSON"));
  } catch (const Error& problem) {
    return {{"error", fmt::format("{}: {}", place, problem.message())}};
  }
}

[[noreturn]] void refuse_field(std::string_view name, const ordered_json& line, std::string_view expected) {
  const auto found = line.find(name);
  if (found == line.end()) throw error(ErrorCode::kMalformed, "the field '{}' is missing, expected {}", name, expected);
  throw error(ErrorCode::kMalformed, "the field '{}' is {}, expected {}", name, printable(dump_json(*found)), expected);
}

}  // namespace

void answer_json_lines(const std::function<ordered_json(const ordered_json&)>& answer) {
  const bool flush = answers_are_awaited();
  std::string line;
  for (std::uint64_t number = 1;; ++number) {
    const LineState state = read_line(line);
    if (state == LineState::kEnd) break;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const std::string text = dump_json(answer_to(line, number, state == LineState::kTooLong, answer)) + "\n";
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
  return given ? *given : read_standard_input(most);
}

std::string text_field(const ordered_json& line, std::string_view name) {
  if (!line.is_object()) throw error(ErrorCode::kMalformed, "expected an object with the field '{}'", name);
  const auto found = line.find(name);
  if (found == line.end() || !found->is_string()) refuse_field(name, line, "a text");
  return found->get<std::string>();
}

bool bool_field(const ordered_json& line, std::string_view name, bool fallback) {
  const auto found = line.find(name);
  if (found == line.end()) return fallback;
  if (!found->is_boolean()) refuse_field(name, line, "true or false");
  return found->get<bool>();
}

}  // namespace rocmforge::cli
