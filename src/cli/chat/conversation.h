// The messages of a conversation, and how they are kept in a file:
//
//   {"messages": [{"role": "system", "content": "…"}, {"role": "user", "content": "…"},
//                 {"role": "assistant", "content": "…", "reasoning_content": "…"}]}
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rocmforge/model.h"

namespace rocmforge::cli {

struct Conversation {
  std::string system;  // empty: no system message
  std::vector<Message> turns;

  // What the model is given.
  std::vector<Message> messages() const;
};

std::string to_json(const Conversation& conversation);

// An Error names the path, the message and what is wrong with it.
Conversation conversation_from_json(std::string_view text, const std::string& path);

// An existing file is replaced at once and as a whole.
void save_conversation(const Conversation& conversation, const std::string& path);
Conversation load_conversation(const std::string& path);

}  // namespace rocmforge::cli
