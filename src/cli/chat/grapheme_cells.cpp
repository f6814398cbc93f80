#include "cli/chat/grapheme_cells.h"

#include <algorithm>

#include <utf8proc.h>
#include <wchar.h>

#include "base/utf8.h"

namespace rocmforge::cli {

static_assert(sizeof(wchar_t) == 4, "a wide character is a code point");

std::size_t first_character(std::string_view text) {
  utf8proc_int32_t state = 0;
  CodePoint before = first_code_point(text);
  std::size_t length = before.length;
  while (length < text.size()) {
    const CodePoint next = first_code_point(text.substr(length));
    const bool is_another = utf8proc_grapheme_break_stateful(static_cast<utf8proc_int32_t>(before.value),
                                                             static_cast<utf8proc_int32_t>(next.value), &state);
    if (is_another) break;
    length += next.length;
    before = next;
  }
  return length;
}

int columns_of(std::string_view character) {
  int sum = 0;
  while (!character.empty()) {
    const CodePoint c = first_code_point(character);
    sum += std::max(wcwidth(static_cast<wchar_t>(c.value)), 0);
    character.remove_prefix(c.length);
  }
  // Modern terminals draw a sequence of joined emoji as one.
  return std::min(sum, 2);
}

wchar_t GraphemeCells::cell_of(std::string_view character) {
  const CodePoint first = first_code_point(character);
  const auto cell = static_cast<wchar_t>(first.value);
  if (first.length == character.size() && (cell < kFirstStandIn || cell > kLastStandIn)) return cell;
  const auto known = cells_.find(character);
  if (known != cells_.end()) return known->second;
  if (next_ > kLastStandIn) return static_cast<wchar_t>(kReplacementCharacter);
  cells_.emplace(character, next_);
  characters_.emplace(next_, character);
  return next_++;
}

std::wstring GraphemeCells::cells_of(std::string_view text) {
  const std::string valid = replace_invalid_utf8(text);
  std::wstring cells;
  for (std::string_view rest = valid; !rest.empty();) {
    const std::size_t length = first_character(rest);
    cells += cell_of(rest.substr(0, length));
    rest.remove_prefix(length);
  }
  return cells;
}

std::string GraphemeCells::text_of(std::wstring_view cells) const {
  std::string text;
  for (const wchar_t cell : cells) {
    const auto character = characters_.find(cell);
    if (character != characters_.end()) {
      text += character->second;
    } else {
      append_utf8(text, static_cast<char32_t>(cell));
    }
  }
  return text;
}

wchar_t GraphemeCells::joined(wchar_t last, wchar_t next) {
  std::string text = text_of({&last, 1});
  append_utf8(text, static_cast<char32_t>(next));
  const bool is_one = first_character(text) == text.size();
  return is_one ? cell_of(text) : 0;
}

}  // namespace rocmforge::cli
