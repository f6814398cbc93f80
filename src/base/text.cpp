#include "base/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <numeric>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "base/utf8.h"

namespace rocmforge {
namespace {

// Formats with three significant digits, in the next unit if rounding reaches it (1023.9 MiB is 1.00 GiB).
std::string with_unit(std::uint64_t number, double step, std::span<const std::string_view> units) {
  double value = static_cast<double>(number);
  std::size_t unit = 0;
  while (unit + 1 < units.size() && (unit == 0 ? value >= step : std::round(value) >= step)) {
    value /= step;
    ++unit;
  }
  const int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return fmt::format("{:.{}f} {}", value, decimals, units[unit]);
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

struct CodePointRange {
  char32_t first, last;
};

// Characters that must not reach a terminal: controls, and characters that hide or reorder the text around them. The
// joiners U+200C and U+200D are allowed, because scripts and emoji need them.
constexpr std::array kUnprintable = std::to_array<CodePointRange>({
    {0x00, 0x1f},
    {0x7f, 0x9f},
    {0xad, 0xad},
    {0x61c, 0x61c},
    {0x180e, 0x180e},
    {0x200b, 0x200b},
    {0x200e, 0x200f},
    {0x2028, 0x202e},
    {0x2060, 0x206f},
    {0xfeff, 0xfeff},
    {0xfff0, 0xfffb},
    {0xe0000, 0xe0fff},
});

bool is_unprintable(char32_t c) {
  return std::any_of(kUnprintable.begin(), kUnprintable.end(),
                     [c](const CodePointRange& range) { return c >= range.first && c <= range.last; });
}

std::string escaped(char32_t c) {
  switch (c) {
    case '\n': return "\\n";
    case '\r': return "\\r";
    case '\t': return "\\t";
    default: break;
  }
  const auto number = static_cast<std::uint32_t>(c);
  return c < 0x80 ? fmt::format("\\x{:02x}", number) : fmt::format("\\u{{{:x}}}", number);
}

struct ShownCharacter {
  std::string shown;
  std::size_t length = 0;  // bytes of the text
  bool plain = false;      // shown as it is
};

// Requires: the text is not empty.
ShownCharacter shown_character(std::string_view text) {
  const CodePoint c = first_code_point(text);
  if (c.length == 0) return {fmt::format("\\x{:02x}", static_cast<unsigned char>(text.front())), 1, false};
  if (is_unprintable(c.value)) return {escaped(c.value), c.length, false};
  return {std::string(text.substr(0, c.length)), c.length, true};
}

// Returns the least number of insertions, deletions, replacements and swaps of adjacent characters that turn a into b,
// ignoring case.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t differ = lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1;
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + differ});
      const bool swapped = i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]);
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    std::swap(before_last, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

}  // namespace

std::string format_bytes(std::uint64_t bytes) {
  static constexpr std::array<std::string_view, 7> kUnits = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1024) return bytes == 1 ? "1 byte" : fmt::format("{} bytes", bytes);
  return with_unit(bytes, 1024.0, kUnits);
}

std::string format_exact_bytes(std::uint64_t bytes) {
  return bytes < 1024 ? format_bytes(bytes) : fmt::format("{} bytes ({})", group_digits(bytes), format_bytes(bytes));
}

std::string format_count(std::uint64_t count) {
  static constexpr std::array<std::string_view, 5> kUnits = {"", "K", "M", "B", "T"};
  return count < 1000 ? std::to_string(count) : with_unit(count, 1000.0, kUnits);
}

std::string group_digits(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, 1, ',');
  return digits;
}

std::uint64_t parse_byte_size(std::string_view text) {
  const auto refuse = [&] {
    return error(ErrorCode::kUsage, "'{}' is not a size in bytes, expected a number like 4096, 512M or 1.5G",
                 printable(text));
  };
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data(), end, value, std::chars_format::fixed);
  if (problem != std::errc() || !(value >= 0)) throw refuse();

  std::string_view unit(stop, static_cast<std::size_t>(end - stop));
  while (!unit.empty() && unit.front() == ' ') unit.remove_prefix(1);
  double scale = 1;
  if (!unit.empty() && !equal_ignoring_case(unit, "B")) {
    const std::size_t power = std::string_view("kmgt").find(lower(unit.front()));
    const std::string_view rest = unit.substr(1);
    if (power == std::string_view::npos) throw refuse();
    const bool decimal = equal_ignoring_case(rest, "B");
    if (!decimal && !rest.empty() && !equal_ignoring_case(rest, "iB")) throw refuse();
    scale = std::pow(decimal ? 1000.0 : 1024.0, static_cast<double>(power + 1));
  }
  if (value * scale >= 0x1p63) throw refuse();
  return static_cast<std::uint64_t>(std::llround(value * scale));
}

bool is_valid_utf8(std::string_view text) {
  while (!text.empty()) {
    // Names are mostly ASCII, so check eight characters at a time.
    std::uint64_t word = 0;
    if (text.size() >= sizeof word) {
      std::memcpy(&word, text.data(), sizeof word);
      if ((word & 0x8080808080808080u) == 0) {
        text.remove_prefix(sizeof word);
        continue;
      }
    }
    const CodePoint c = first_code_point(text);
    if (c.length == 0) return false;
    text.remove_prefix(c.length);
  }
  return true;
}

std::string printable(std::string_view text, std::size_t limit) {
  std::string out;
  std::size_t characters = 0;
  while (!text.empty()) {
    const auto [shown, length, plain] = shown_character(text);
    characters += plain ? 1 : shown.size();
    if (characters > limit) return out += "…";
    out += shown;
    text.remove_prefix(length);
  }
  return out;
}

std::string printable_lines(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto [shown, length, plain] = shown_character(text);
    out += text.front() == '\n' ? "\n" : shown;
    text.remove_prefix(length);
  }
  return out;
}

std::string printable_json(std::string text) {
  const auto is_suspect = [](char c) { return c == '\x7f' || static_cast<unsigned char>(c) >= 0xc2; };
  if (std::ranges::none_of(text, is_suspect)) return text;
  std::string out;
  for (std::string_view rest = text; !rest.empty();) {
    const CodePoint c = first_code_point(rest);
    const std::size_t length = std::max<std::size_t>(c.length, 1);
    // Line feeds are the layout's; within strings they are escaped already.
    if (c.length == 0 || c.value < 0x20 || !is_unprintable(c.value)) {
      out += rest.substr(0, length);
    } else if (c.value < 0x10000) {
      out += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(c.value));
    } else {
      const auto above = static_cast<std::uint32_t>(c.value) - 0x10000;
      out += fmt::format("\\u{:04x}\\u{:04x}", 0xd800 + (above >> 10), 0xdc00 + (above & 0x3ff));
    }
    rest.remove_prefix(length);
  }
  return out;
}

int hexadecimal_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char letter = lower(c);
  return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

std::optional<std::string_view> closest(std::string_view name, std::span<const std::string_view> candidates) {
  // If more than a third of the letters differ, it is another word. For longer names the computation costs more than
  // the advice is worth.
  constexpr std::size_t kLongest = 256;
  const std::size_t most = std::max<std::size_t>(1, std::min<std::size_t>(name.size() / 3, 4));
  std::optional<std::string_view> best;
  std::size_t best_distance = most + 1;
  if (name.empty() || name.size() > kLongest) return best;
  for (const std::string_view candidate : candidates) {
    const std::size_t apart = std::max(candidate.size(), name.size()) - std::min(candidate.size(), name.size());
    if (apart >= best_distance) continue;
    const std::size_t distance = edit_distance(name, candidate);
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

}  // namespace rocmforge
