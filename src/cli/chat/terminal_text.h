// A model's text made fit for a terminal while it comes in pieces: what would be obeyed there is shown instead.
#pragma once

#include <string>
#include <string_view>

namespace rocmforge::cli {

class TerminalText {
 public:
  // Control characters other than \n and \t come out as \x1b, as base/text.h shows them; a carriage return before a
  // line feed is left out. Line feeds at the end are held back until something follows, so that whoever ends the text
  // knows where the cursor is.
  std::string feed(std::string_view text);

  // Whether anything that can be seen has come out.
  bool has_begun() const { return has_begun_; }

 private:
  std::string unfinished_;  // the beginning of a character
  std::string held_back_;   // line feeds, and what may belong to one
  bool has_begun_ = false;
};

}  // namespace rocmforge::cli
