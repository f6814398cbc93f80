// A conversation as it comes to the program: who said what, which tools there are, what a reply should be.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/chat/reply.h"

namespace rocmforge::text {

enum class ChatRole { kSystem, kDeveloper, kUser, kAssistant, kTool };

std::string_view name_of(ChatRole role);
std::optional<ChatRole> find_chat_role(std::string_view name);

struct ChatToolCall {
  std::string id = {};
  std::string name = {};
  std::string arguments = {};  // a JSON object
};

struct ChatMessage {
  ChatRole role = ChatRole::kUser;
  std::string content = {};
  std::string reasoning = {};                 // of the assistant, where it is kept
  std::vector<ChatToolCall> tool_calls = {};  // of the assistant
  std::string tool_call_id = {};              // of a tool: the call that it answers
  std::string name = {};                      // of a tool: its name; of others: who speaks
};

struct ChatTool {
  std::string name = {};
  std::string description = {};
  std::string parameters = {};  // a JSON schema; empty: an object of anything
};

struct ChatRequest {
  std::vector<ChatMessage> messages = {};
  std::vector<ChatTool> tools = {};
  std::string documents = {};           // a JSON list, for templates that know them; may be empty
  std::string template_arguments = {};  // a JSON object: further variables of the template; may be empty
  std::optional<bool> enable_thinking = {};
  bool add_generation_prompt = true;

  // The last message is the assistant's and the reply goes on from its end.
  bool continue_final_message = false;
};

}  // namespace rocmforge::text
