// Lines that somebody types on a terminal, with editing and history. libedit knows the keys and edits; it is given
// characters as GraphemeCells makes them and pastes as PasteCollector does, and LineView draws.
#pragma once

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "cli/chat/signals.h"
#include "cli/terminal.h"

namespace rocmforge::cli {

struct EditedLine {
  enum class Kind { kLine, kInterrupted, kEnd };
  Kind kind = Kind::kLine;
  std::string text;  // of several lines where such were pasted or come from the history
};

class LineEditor {
 public:
  // Reads from standard input and draws on `screen`.
  LineEditor(std::FILE* screen, const TerminalStyle& style, Signals& signals);
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;
  ~LineEditor();

  // A mark, such as ">", stands before the line. Interrupted: by Ctrl-C; the text is what was thrown away.
  EditedLine read(std::string_view mark);

  // What the up key brings back, the latest first.
  void remember(std::string_view message);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Characters are taken for UTF-8, whatever the environment says of it.
void use_utf8_locale();

}  // namespace rocmforge::cli
