// Talks to a model: prints one answer, answers lines of JSON, or runs a conversation on the terminal.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "rocmforge/model.h"

namespace rocmforge::cli {

struct TalkOptions {
  ChatOptions generation;
  std::string system;
  bool shows_statistics = false;  // print statistics after every answer
  bool keeps_history = true;
};

// Prints one answer on standard output. Throws an Error with code kCancelled and no message after Ctrl-C.
void answer_once(Model& model, const std::string& prompt, const TalkOptions& options);

// Continue a plain text or a prompt of tokens without the chat template, and print as answer_once() does. A model
// without a tokenizer prints the new ids as a JSON list.
void continue_once(Model& model, const std::string& prompt, const TalkOptions& options);
void continue_tokens_once(Model& model, const std::vector<std::int32_t>& prompt, const TalkOptions& options);

// Answers lines of JSON on standard input, {"messages":[…], "tools":[…], "max_tokens":…, "temperature":…, …}, with
// lines of JSON: the assistant's message, the reason why it ended and the token counts. Throws Error if all lines
// failed.
void answer_lines(Model& model, const TalkOptions& options);

// Runs a conversation until the user leaves it. Requires: standard input is a terminal.
void converse(Model& model, const TalkOptions& options);

}  // namespace rocmforge::cli
