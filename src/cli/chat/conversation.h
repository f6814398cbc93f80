// Holds the messages of a conversation, and saves them to a file and loads them from it:
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

  // Returns the messages for the model.
  std::vector<Message> messages() const;
};

std::string to_json(const Conversation& conversation);

// Throws Error, with the path, the message and the problem, if the file is invalid.
Conversation conversation_from_json(std::string_view text, const std::string& path);

// Replaces an existing file atomically.
void save_conversation(const Conversation& conversation, const std::string& path);
Conversation load_conversation(const std::string& path);

}  // namespace rocmforge::cli
