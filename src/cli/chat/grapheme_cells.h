// Splits text into what people see as characters: Unicode's grapheme clusters (UAX 29), such as a letter with its
// accents or a sequence of joined emoji.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace rocmforge::cli {

// Returns the bytes of the first character. Requires: the text is well-formed and not empty.
std::size_t first_character(std::string_view text);

// Returns the number of columns that a terminal uses for the character, 0 to 2. Requires: the locale is a UTF-8 one.
int columns_of(std::string_view character);

// Represents each character as a single wide character for libedit, which moves over and deletes one of those at a time
// and would separate a letter from its accents. Characters of several code points are replaced by private code points.
class GraphemeCells {
 public:
  // Convert text to cells and back. Invalid UTF-8 becomes U+FFFD.
  std::wstring cells_of(std::string_view text);
  std::string text_of(std::wstring_view cells) const;

  // Returns the cell for `last` and `next` together; 0 if `next` begins a new character.
  wchar_t joined(wchar_t last, wchar_t next);

 private:
  // The first code point of a private-use plane. Typed characters of this plane are replaced as well.
  static constexpr wchar_t kFirstStandIn = 0x100000;
  static constexpr wchar_t kLastStandIn = 0x10fffd;

  wchar_t cell_of(std::string_view character);

  std::map<std::string, wchar_t, std::less<>> cells_;
  std::map<wchar_t, std::string> characters_;
  wchar_t next_ = kFirstStandIn;
};

}  // namespace rocmforge::cli
