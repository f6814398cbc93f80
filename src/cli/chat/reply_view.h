// Shows a reply as it arrives, with the reasoning separate from the answer. On a terminal, lines are broken between
// words and control characters are made visible. A pipe or file receives the answer, byte for byte.
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
  // If `answer` is not a terminal, the reasoning is shown on `reasoning` if that is a terminal, and otherwise not at
  // all.
  ReplyView(std::FILE* answer, std::FILE* reasoning);

  void show(const Piece& piece);

  // Ends the line. The remark, such as "(stopped)", is printed after the answer.
  void finish(std::string_view remark = {});
  // Ends the line after an error, if there is a line to end.
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

// Returns "prompt 120 tokens, 96 of them (80 %) from the cache; first token after 0.21 s; …".
std::string describe_statistics(const Generation& generation);

// Returns why an answer ended before the model ended it; empty if the model ended it. is_chat: suggest commands of the
// conversation.
std::string describe_ending(const Generation& generation, const ModelInfo& model, bool is_chat);

}  // namespace rocmforge::cli
