// Talking to a model: one answer, or a conversation on the terminal.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "rocmforge/model.h"

namespace rocmforge::cli {

struct TalkOptions {
  ChatOptions generation;
  std::string system;
  bool shows_statistics = false;  // after every answer
  bool keeps_history = true;
};

// Prints one answer on standard output. Ctrl-C ends it with an Error of the code kCancelled and without a message.
void answer_once(Model& model, const std::string& prompt, const TalkOptions& options);

// The same for a text that is continued as it stands, or for a prompt of tokens; where the model has no tokenizer the
// new ids are printed, as a JSON list.
void continue_once(Model& model, const std::string& prompt, const TalkOptions& options);
void continue_tokens_once(Model& model, const std::vector<std::int32_t>& prompt, const TalkOptions& options);

// Answers lines of JSON on standard input, {"messages":[…], "tools":[…], "max_tokens":…, "temperature":…, …}, by lines of
// JSON: the assistant's message, with why it ended and what it took. Throws Error if all lines failed.
void answer_lines(Model& model, const TalkOptions& options);

// A conversation on the terminal that standard input is, until the person leaves it.
void converse(Model& model, const TalkOptions& options);

}  // namespace rocmforge::cli
