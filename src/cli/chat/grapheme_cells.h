// What a person takes for one character: Unicode's grapheme clusters (UAX 29), such as a letter with its accents or a
// family of emoji.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace rocmforge::cli {

// The bytes of the first character of a text that is well-formed and not empty.
std::size_t first_character(std::string_view text);

// The columns that a terminal gives it, 0 to 2. Takes the locale for UTF-8's.
int columns_of(std::string_view character);

// Characters as single wide characters, for libedit: it moves over and deletes one of those at a time, and would part a
// letter from its accents. Characters of several code points get stand-ins that nobody uses.
class GraphemeCells {
 public:
  // Text to cells and back. What is no UTF-8 becomes U+FFFD.
  std::wstring cells_of(std::string_view text);
  std::string text_of(std::wstring_view cells) const;

  // The cell that `last` becomes when `next` comes after it; 0 if `next` is a character of its own.
  wchar_t joined(wchar_t last, wchar_t next);

 private:
  // A plane for private use. What is typed of it gets a stand-in like any other.
  static constexpr wchar_t kFirstStandIn = 0x100000;
  static constexpr wchar_t kLastStandIn = 0x10fffd;

  wchar_t cell_of(std::string_view character);

  std::map<std::string, wchar_t, std::less<>> cells_;
  std::map<wchar_t, std::string> characters_;
  wchar_t next_ = kFirstStandIn;
};

}  // namespace rocmforge::cli
