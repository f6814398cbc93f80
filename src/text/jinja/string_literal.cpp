#include "text/jinja/string_literal.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/utf8.h"

namespace rocmforge::text::jinja {
namespace {

// Returns the character of a backslash followed by this letter, or '\0' if it is not a simple escape.
char simple_escape(char letter) {
  switch (letter) {
    case 'n': return '\n';
    case 't': return '\t';
    case 'r': return '\r';
    case 'a': return '\a';
    case 'b': return '\b';
    case 'f': return '\f';
    case 'v': return '\v';
    case '\\':
    case '\'':
    case '"': return letter;
    default: return '\0';
  }
}

int hex_digits(char letter) { return letter == 'x' ? 2 : letter == 'u' ? 4 : letter == 'U' ? 8 : 0; }

std::size_t octal_digits(std::string_view text) {
  std::size_t count = 0;
  while (count < 3 && count < text.size() && text[count] >= '0' && text[count] <= '7') ++count;
  return count;
}

}  // namespace

std::optional<EscapeProblem> resolve_escapes(std::string_view text, std::string& out) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    const std::size_t start = i++;
    const char letter = text[i];
    std::uint32_t number = 0;
    if (const char simple = simple_escape(letter); simple != '\0') {
      out += simple;
    } else if (const int digits = hex_digits(letter); digits != 0) {
      const std::string_view hex = text.substr(i + 1, static_cast<std::size_t>(digits));
      const auto [end, problem] = std::from_chars(hex.data(), hex.data() + hex.size(), number, 16);
      if (problem != std::errc() || end != hex.data() + digits) {
        return EscapeProblem{start, fmt::format("\\{} must be followed by {} hexadecimal digits", letter, digits)};
      }
      if (number > 0x10ffff) return EscapeProblem{start, "this code point is beyond U+10FFFF"};
      append_utf8(out, number);
      i += hex.size();
    } else if (const std::size_t octal = octal_digits(text.substr(i)); octal != 0) {
      std::from_chars(text.data() + i, text.data() + i + octal, number, 8);
      append_utf8(out, number);
      i += octal - 1;
    } else if (letter == 'N') {
      return EscapeProblem{start, "characters by name, \\N{...}, are not supported"};
    } else if (letter != '\n') {  // a backslash before a newline joins the lines
      out += '\\';
      out += letter;
    }
  }
  return std::nullopt;
}

}  // namespace rocmforge::text::jinja
