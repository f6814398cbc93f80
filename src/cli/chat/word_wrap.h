// Breaks a text's lines between words while it comes in pieces, so that a terminal does not break them within words.
//
// What is handed out is never taken back: the last word is held until it is complete. Wide characters, as of Chinese, are
// words by themselves. A word that is wider than the terminal is left for the terminal to break.
#pragma once

#include <string>
#include <string_view>

namespace rocmforge::cli {

class WordWrap {
 public:
  // Returns what can be shown of the text so far. `width` is the terminal's number of columns, which may change from call to
  // call; 0 means that it is not known, and nothing is broken. Requires: the text is well-formed UTF-8, and holds no control
  // characters but \n and \t.
  std::string feed(std::string_view text, int width);

  // Returns what was held back. What is fed afterwards begins a line.
  std::string finish();

 private:
  void end_word(std::string& out);
  void put(std::string_view text, std::string& out);

  std::string word_;    // held back
  std::string spaces_;  // before it, held back too: they are dropped where the line is broken
  bool ends_in_wide_ = false;    // the word is a wide character
  bool is_within_word_ = false;  // the beginning of the word has been handed out already
  int column_ = 0;      // behind what was handed out
  int width_ = 0;
};

}  // namespace rocmforge::cli
