// Conversations for the engine: messages to a prompt's tokens, by the model's template, and what a reply needs to be
// read.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "kv/ids.h"
#include "rocmforge/model.h"
#include "text/chat/chat_template.h"
#include "text/tokenizer.h"

namespace rocmforge::engine {

struct ChatPrompt {
  std::vector<kv::TokenId> tokens;
  int keep = 0;  // tokens at the beginning that hold whatever the last messages say: the system message and the like
  std::vector<kv::TokenId> printed_controls;  // that the parser has to see, in ascending order
  std::vector<std::string> stops;             // of the reply's form
  std::unique_ptr<text::ReplyParser> parser;
};

// An Error with the template's words where it refuses the conversation.
ChatPrompt prompt_of(std::span<const Message> messages, const ChatOptions& options, const text::ChatTemplate& chat,
                     const text::Tokenizer& tokenizer);

}  // namespace rocmforge::engine
