// Tests whether a name is in a list, for the tables of architectures, roles and classes.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <string_view>

namespace rocmforge::convert {

inline bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::ranges::find(names, name) != names.end();
}

// Returns whether `word` is one of the words in `words`, which are separated by spaces.
inline bool has_word(std::string_view words, std::string_view word) {
  for (std::size_t at = words.find(word); at != std::string_view::npos; at = words.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    if ((at == 0 || words[at - 1] == ' ') && (end == words.size() || words[end] == ' ')) return true;
  }
  return false;
}

}  // namespace rocmforge::convert
