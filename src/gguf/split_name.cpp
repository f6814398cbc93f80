#include "gguf/split_name.h"

#include <charconv>

#include <fmt/format.h>

namespace rocmforge::gguf {
namespace {

constexpr std::string_view kEnding = ".gguf";
constexpr std::size_t kDigits = 5;

// Removes "BEFORE" and a number of at least five digits from the text's end and returns the number.
std::optional<std::uint64_t> take_number(std::string_view& text, std::string_view before) {
  const std::size_t at = text.find_last_not_of("0123456789");
  if (at == std::string_view::npos || text.size() - at - 1 < kDigits) return std::nullopt;
  std::uint64_t number = 0;
  const std::string_view digits = text.substr(at + 1);
  if (std::from_chars(digits.data(), digits.data() + digits.size(), number).ec != std::errc()) return std::nullopt;
  text = text.substr(0, at + 1);
  if (!text.ends_with(before)) return std::nullopt;
  text.remove_suffix(before.size());
  return number;
}

}  // namespace

std::optional<SplitName> parse_split_name(std::string_view path) {
  if (!path.ends_with(kEnding)) return std::nullopt;
  path.remove_suffix(kEnding.size());
  const auto count = take_number(path, "-of-");
  if (!count) return std::nullopt;
  const auto number = take_number(path, "-");
  if (!number || *number < 1 || *number > *count) return std::nullopt;
  return SplitName{std::string(path), *number, *count};
}

std::string split_name(std::string_view prefix, std::uint64_t number, std::uint64_t count) {
  return fmt::format("{}-{:05}-of-{:05}{}", prefix, number, count, kEnding);
}

std::string_view split_prefix(std::string_view path) {
  return path.ends_with(kEnding) ? path.substr(0, path.size() - kEnding.size()) : path;
}

}  // namespace rocmforge::gguf
