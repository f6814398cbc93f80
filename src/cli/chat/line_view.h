// Draws the line that is being edited, in as many rows as it needs. If it is taller than the screen, draws a part with
// the cursor.
//
// libedit's own drawing is used only without escape sequences: it miscounts columns when something is deleted or
// inserted before a wide character, and cannot show a line that is taller than the screen.
#pragma once

#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "cli/terminal.h"

namespace rocmforge::cli {

struct ScreenSize {
  int rows = 24;
  int columns = 80;
};

class LineView {
 public:
  LineView(std::FILE* screen, const TerminalStyle& style) : screen_(screen), style_(style) {}

  // The prompt's mark is before the line, a dot before each further line of the text.
  void begin(std::string_view mark);
  // Replaces what was drawn before, even if the size of the screen has changed. Requires: the text is well-formed
  // UTF-8. `cursor`: the byte before which the cursor stands.
  void draw(std::string_view text, std::size_t cursor, ScreenSize size);
  // Moves the cursor behind everything that was drawn.
  void end();
  // Clears the screen.
  void clear();

 private:
  struct Row {
    std::string text;
    int columns = 0;
    bool continues_in_next = false;  // without a line feed between
  };
  struct Layout {
    std::vector<Row> rows;
    std::size_t cursor_row = 0;
    int cursor_column = 0;
  };

  Layout layout(std::string_view text, std::size_t cursor, int columns) const;
  void move_to_top(std::string& out, int columns) const;

  std::FILE* screen_;
  TerminalStyle style_;
  std::string mark_;
  std::string text_;  // as drawn
  std::size_t cursor_ = 0;
  int columns_ = 80;
  std::size_t top_ = 0;  // the first row in the window
};

}  // namespace rocmforge::cli
