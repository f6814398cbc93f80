// Shows a reply while it comes: its reasoning apart from the answer, and on a terminal in lines that end between words and
// without anything that the terminal would obey. Into a pipe or a file goes the answer, byte for byte.
#pragma once

#include <cstdio>
#include <string>

#include "cli/chat/terminal_text.h"
#include "cli/chat/word_wrap.h"
#include "cli/terminal.h"
#include "rocmforge/model.h"

namespace rocmforge::cli {

class ReplyView {
 public:
  // Where the answer is no terminal, the reasoning goes to `reasoning`, if that is one, and nowhere otherwise.
  ReplyView(std::FILE* answer, std::FILE* reasoning);

  void show(const Piece& piece);

  // Ends the line, so that anything may follow. The remark, "(stopped)", is put behind what was said.
  void finish(std::string_view remark = {});
  // The same where an error ended it: nothing at all if there is no line to end.
  void abandon();

 private:
  void show_reasoning(std::string_view text);
  void show_answer(std::string_view text);
  void end_reasoning();
  void put_reasoning(const std::string& shown);
  void put_answer(const std::string& shown);

  std::FILE* answer_;
  std::FILE* reasoning_;  // null: not shown
  bool answer_is_terminal_;
  TerminalStyle style_;  // of the reasoning's stream
  TerminalText reasoning_text_;
  TerminalText answer_text_;
  WordWrap reasoning_lines_;
  WordWrap answer_lines_;
  bool is_reasoning_ = false;
  bool has_shown_ = false;
};

// "prompt 120 tokens, 96 of them known; first token after 0.21 s; 45 tokens, 31.2 a second; …"
std::string describe_statistics(const Generation& generation);

// Why an answer ended before the model ended it, for the person who waits for the rest; empty if it did not.
// is_chat: there are commands that help.
std::string describe_ending(const Generation& generation, const ModelInfo& model, bool is_chat);

}  // namespace rocmforge::cli
