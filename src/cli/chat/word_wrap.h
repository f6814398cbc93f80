// Breaks the lines of a text between words, so that the terminal does not break them within words. The text arrives in
// pieces.
//
// Returned text is final, so the last word is held back until it is complete. Each wide character, as in Chinese, is a
// word. A word that is wider than the terminal is left for the terminal to break.
#pragma once

#include <string>
#include <string_view>

namespace rocmforge::cli {

class WordWrap {
 public:
  // Returns what can be shown of the text so far. `width` is the terminal's number of columns, which may change from
  // call to call; 0 means that it is not known, and nothing is broken. Requires: the text is well-formed UTF-8, and
  // holds no control characters but \n and \t.
  std::string feed(std::string_view text, int width);

  // Returns what was held back. Text that is fed afterwards begins a line.
  std::string finish();

 private:
  void end_word(std::string& out);
  void put(std::string_view text, std::string& out);

  std::string word_;             // held back
  std::string spaces_;           // spaces before word_, held back too; dropped if the line is broken there
  bool ends_in_wide_ = false;    // the word is a wide character
  bool is_within_word_ = false;  // the beginning of the word was already returned
  int column_ = 0;               // column after the returned text
  int width_ = 0;
};

}  // namespace rocmforge::cli
