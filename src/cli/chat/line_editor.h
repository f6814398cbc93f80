// Reads lines from a terminal, with editing and history. libedit handles the keys and edits; its input passes through
// GraphemeCells (characters) and PasteCollector (pasted text), and LineView draws the line.
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
  std::string text;  // may have several lines if it was pasted or comes from the history
};

class LineEditor {
 public:
  // Reads from standard input and draws on `screen`.
  LineEditor(std::FILE* screen, const TerminalStyle& style, Signals& signals);
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;
  ~LineEditor();

  // Reads a line after a mark such as ">". If Ctrl-C interrupts it, the result has the discarded text.
  EditedLine read(std::string_view mark);

  // Adds a line to those that the up key shows, the latest first.
  void remember(std::string_view message);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Sets a UTF-8 locale for characters, whatever the environment says.
void use_utf8_locale();

}  // namespace rocmforge::cli
