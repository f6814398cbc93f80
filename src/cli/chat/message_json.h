// Messages and tools as the protocols of chat servers write them:
//
//   {"role": "assistant", "content": "…", "reasoning_content": "…",
//    "tool_calls": [{"id": "call_0", "type": "function", "function": {"name": "clock", "arguments": "{}"}}]}
//   {"role": "tool", "tool_call_id": "call_0", "content": "12:30"}
//   {"type": "function", "function": {"name": "clock", "description": "…", "parameters": {…}}}
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "rocmforge/model.h"

namespace rocmforge::cli {

// Of a list of messages or tools, null counting as none; an Error begins with `where` and names the message or tool and
// the field. A content may be a list of texts, a call's arguments an object or an object's text, and a developer counts
// as the system.
std::vector<Message> messages_from_json(const nlohmann::ordered_json& list, const std::string& where);
std::vector<Tool> tools_from_json(const nlohmann::ordered_json& list, const std::string& where);

// Fields that are empty are left out, but for the content.
nlohmann::ordered_json to_json(const Message& message);

}  // namespace rocmforge::cli
