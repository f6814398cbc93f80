#include "cli/chat/grapheme_cells.h"

#include <algorithm>

#include <utf8proc.h>
#include <wchar.h>

#include "base/utf8.h"

namespace rocmforge::cli {
namespace {

static_assert(sizeof(wchar_t) == 4, "a wide character is a code point");

// A plane for private use, one column each; and CJK compatibility ideographs, two columns each, which no normalized
// text holds. One that is typed all the same gets a stand-in like any other.
struct StandIns {
  wchar_t first, last;
  bool hold(char32_t c) const { return c >= static_cast<char32_t>(first) && c <= static_cast<char32_t>(last); }
};
constexpr StandIns kNarrow = {0x100000, 0x10fffd};
constexpr StandIns kWide = {0x2f800, 0x2fa1d};

// The columns that a terminal gives it: modern ones draw a family of emoji as one.
int columns(std::string_view character) {
  int sum = 0;
  while (!character.empty()) {
    const CodePoint c = first_code_point(character);
    sum += std::max(wcwidth(static_cast<wchar_t>(c.value)), 0);
    character.remove_prefix(c.length);
  }
  return std::clamp(sum, 1, 2);
}

// The bytes of the first character of a valid text, as Unicode's grapheme clusters part it (UAX 29).
std::size_t first_character(std::string_view text) {
  utf8proc_int32_t state = 0;
  CodePoint before = first_code_point(text);
  std::size_t length = before.length;
  while (length < text.size()) {
    const CodePoint next = first_code_point(text.substr(length));
    if (utf8proc_grapheme_break_stateful(static_cast<utf8proc_int32_t>(before.value),
                                         static_cast<utf8proc_int32_t>(next.value), &state)) {
      break;
    }
    length += next.length;
    before = next;
  }
  return length;
}

}  // namespace

GraphemeCells::GraphemeCells() : next_narrow_(kNarrow.first), next_wide_(kWide.first) {}

wchar_t GraphemeCells::cell_of(std::string_view character) {
  const CodePoint first = first_code_point(character);
  const bool is_alone = first.length == character.size();
  if (is_alone && !kNarrow.hold(first.value) && !kWide.hold(first.value)) return static_cast<wchar_t>(first.value);
  const auto known = cells_.find(character);
  if (known != cells_.end()) return known->second;
  // When the wide ones are used up, a column is wrong, and no text lost.
  const bool wide = columns(character) == 2 && next_wide_ <= kWide.last;
  wchar_t& next = wide ? next_wide_ : next_narrow_;
  if (next > kNarrow.last) return static_cast<wchar_t>(kReplacementCharacter);
  cells_.emplace(character, next);
  characters_.emplace(next, character);
  return next++;
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
