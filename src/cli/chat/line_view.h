// A line that is being edited, on the screen: over as many rows as it needs, and where it is taller than the screen a
// window of it with the cursor inside.
//
// libedit's own drawing is not used where the terminal understands escape sequences: it loses count of columns when
// something is deleted or inserted before a wide character, and cannot show what is taller than the screen.
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

  // The prompt's mark stands before the line, a dot before each further line of the text.
  void begin(std::string_view mark);
  // In place of what was drawn before, also if the screen has another size by now. The text is well-formed; the cursor
  // stands before its byte `cursor`.
  void draw(std::string_view text, std::size_t cursor, ScreenSize size);
  // The cursor goes behind all that was drawn.
  void end();
  // The screen is wiped.
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
