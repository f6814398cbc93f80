// Makes the control characters in a model's text visible, so that the terminal does not execute them. The text arrives
// in pieces.
#pragma once

#include <string>
#include <string_view>

namespace rocmforge::cli {

class TerminalText {
 public:
  // Converts control characters other than \n and \t to text such as \x1b, as in base/text.h, and removes a carriage
  // return before a line feed. Line feeds at the end are held back until something follows, so that the caller knows
  // where the cursor is at the end of the text.
  std::string feed(std::string_view text);

  // Returns whether any visible text was returned.
  bool has_begun() const { return has_begun_; }

 private:
  std::string unfinished_;  // the beginning of a character
  std::string held_back_;   // line feeds, and a carriage return that may precede one
  bool has_begun_ = false;
};

}  // namespace rocmforge::cli
