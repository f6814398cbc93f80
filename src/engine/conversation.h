// Converts a conversation to the tokens of a prompt, with the model's chat template, and prepares the parser for the
// reply.
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
  int keep = 0;  // tokens at the beginning that do not depend on the last messages, such as the system message
  std::vector<kv::TokenId> printed_controls;  // control tokens that the parser must see, in ascending order
  std::vector<std::string> stops;             // strings that end a reply in this template
  std::unique_ptr<text::ReplyParser> parser;
};

// Throws Error, with the template's own message, if the template rejects the conversation.
ChatPrompt prompt_of(std::span<const Message> messages, const ChatOptions& options, const text::ChatTemplate& chat,
                     const text::Tokenizer& tokenizer);

}  // namespace rocmforge::engine
