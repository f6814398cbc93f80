// Converts messages and tools from and to the JSON of chat servers:
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

// Convert a list of messages or tools; null is an empty list. Throw Error, which begins with `where` and names the
// message or tool and the field, if something is invalid. A content may be a list of texts, the arguments of a call an
// object or its text, and the role "developer" means the system.
std::vector<Message> messages_from_json(const nlohmann::ordered_json& list, const std::string& where);
std::vector<Tool> tools_from_json(const nlohmann::ordered_json& list, const std::string& where);

// Converts a message to JSON. Leaves out empty fields, except the content.
nlohmann::ordered_json to_json(const Message& message);

}  // namespace rocmforge::cli
