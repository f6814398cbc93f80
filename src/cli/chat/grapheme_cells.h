// What a person takes for one character, as one wide character: libedit counts, deletes and draws wide characters one
// by one, and would part a letter from its accents.
//
// A character that consists of several code points gets a stand-in: a wide character that nobody uses and that is as
// wide on the screen. What libedit draws goes back through text_of().
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace rocmforge::cli {

class GraphemeCells {
 public:
  GraphemeCells();

  // Text to cells and back. What is no UTF-8 becomes U+FFFD.
  std::wstring cells_of(std::string_view text);
  std::string text_of(std::wstring_view cells) const;

  // The cell that `last` becomes when `next` comes after it; 0 if `next` is a character of its own.
  wchar_t joined(wchar_t last, wchar_t next);

 private:
  wchar_t cell_of(std::string_view character);

  std::map<std::string, wchar_t, std::less<>> cells_;
  std::map<wchar_t, std::string> characters_;
  wchar_t next_narrow_;
  wchar_t next_wide_;
};

}  // namespace rocmforge::cli
