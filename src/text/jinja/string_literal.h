// Resolves the escapes of string literals, which are Python's.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace rocmforge::text::jinja {

struct EscapeProblem {
  std::size_t offset;
  std::string message;
};

// Appends the value of `text`, which stands between two quotes. A surrogate becomes U+FFFD; a backslash before a letter
// that is no escape is kept. Returns the problem, if there is one.
std::optional<EscapeProblem> resolve_escapes(std::string_view text, std::string& out);

}  // namespace rocmforge::text::jinja
