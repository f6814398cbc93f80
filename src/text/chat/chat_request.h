// Describes a chat request: the messages, the available tools and the settings of the reply.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/chat/reply.h"

namespace rocmforge::text {

enum class ChatRole { kSystem, kDeveloper, kUser, kAssistant, kTool };

std::string_view name_of(ChatRole role);

struct ChatToolCall {
  std::string id = {};
  std::string name = {};
  std::string arguments = {};  // a JSON object
};

struct ChatMessage {
  ChatRole role = ChatRole::kUser;
  std::string content = {};
  std::string reasoning = {};                 // of the assistant, if it is kept
  std::vector<ChatToolCall> tool_calls = {};  // of the assistant
  std::string tool_call_id = {};              // of a tool: the id of the call that it answers
  std::string name = {};                      // of a tool: its name; of other roles: the name of the speaker
};

struct ChatTool {
  std::string name = {};
  std::string description = {};
  std::string parameters = {};  // a JSON schema; empty means any object
};

struct ChatRequest {
  std::vector<ChatMessage> messages = {};
  std::vector<ChatTool> tools = {};
  std::string documents = {};           // a JSON list, for templates that support it; may be empty
  std::string template_arguments = {};  // a JSON object with further variables for the template; may be empty
  std::optional<bool> enable_thinking = {};
  bool add_generation_prompt = true;

  // Whether the reply continues the last message, which must be the assistant's.
  bool continue_final_message = false;
};

}  // namespace rocmforge::text
