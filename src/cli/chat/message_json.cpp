#include "cli/chat/message_json.h"

#include <array>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/json_lines.h"

namespace rocmforge::cli {
namespace {

using nlohmann::ordered_json;

constexpr std::array<std::string_view, 4> kRoles = {"system", "user", "assistant", "tool"};

[[noreturn]] void refuse(const std::string& where, std::string_view key, const ordered_json* found,
                         std::string_view expected) {
  throw error(ErrorCode::kMalformed, "{}: '{}' is {}, expected {}", where, key,
              found == nullptr ? "missing" : printable(dump_json(*found), 40), expected);
}

// Returns the text in a field; empty if it is missing.
std::string text_of(const ordered_json& object, std::string_view key, const std::string& where) {
  const ordered_json* const found = find_field(object, key);
  if (found == nullptr) return {};
  if (!found->is_string()) refuse(where, key, found, "a text");
  return found->get<std::string>();
}

// Reads a content, which is a text or a list of {"type": "text", "text": …}.
std::string content_of(const ordered_json& message, const std::string& where) {
  const ordered_json* const found = find_field(message, "content");
  if (found == nullptr || !found->is_array()) return text_of(message, "content", where);
  std::string text;
  for (const ordered_json& part : *found) {
    const ordered_json* const said = part.is_object() ? find_field(part, "text") : nullptr;
    if (said == nullptr || !said->is_string()) refuse(where, "content", found, "a text or a list of texts");
    text += said->get<std::string>();
  }
  return text;
}

Role role_of(const ordered_json& message, const std::string& where) {
  const ordered_json* const found = find_field(message, "role");
  if (found != nullptr && *found == "developer") return Role::kSystem;
  for (std::size_t i = 0; i < kRoles.size(); ++i) {
    if (found != nullptr && *found == kRoles[i]) return static_cast<Role>(i);
  }
  refuse(where, "role", found, "system, user, assistant or tool");
}

// Returns the object in the field `function`, or else the object itself.
const ordered_json* function_of(const ordered_json& item, const std::string& where) {
  if (!item.is_object()) throw error(ErrorCode::kMalformed, "{} is no object", where);
  const ordered_json* const function = find_field(item, "function");
  if (function == nullptr) return &item;
  if (!function->is_object()) refuse(where, "function", function, "an object");
  return function;
}

std::string name_of_function(const ordered_json& function, const std::string& where) {
  std::string name = text_of(function, "name", where);
  if (name.empty()) refuse(where, "name", find_field(function, "name"), "a name");
  return name;
}

ToolCall call_from_json(const ordered_json& item, const std::string& where) {
  const ordered_json& function = *function_of(item, where);
  ToolCall call = {text_of(item, "id", where), name_of_function(function, where), "{}"};
  if (const ordered_json* const arguments = find_field(function, "arguments")) {
    call.arguments = arguments->is_string() ? arguments->get<std::string>() : dump_json(*arguments);
  }
  return call;
}

Message message_from_json(const ordered_json& item, const std::string& where) {
  if (!item.is_object()) throw error(ErrorCode::kMalformed, "{} is no object", where);
  Message message;
  message.role = role_of(item, where);
  message.content = content_of(item, where);
  if (message.role != Role::kAssistant && find_field(item, "content") == nullptr) {
    refuse(where, "content", nullptr, "a text");
  }
  message.reasoning = text_of(item, "reasoning_content", where);
  message.tool_call_id = text_of(item, "tool_call_id", where);
  if (const ordered_json* const calls = find_field(item, "tool_calls")) {
    if (!calls->is_array()) refuse(where, "tool_calls", calls, "a list");
    for (const ordered_json& call : *calls) message.tool_calls.push_back(call_from_json(call, where + ", its call"));
  }
  return message;
}

}  // namespace

std::vector<Message> messages_from_json(const ordered_json& list, const std::string& where) {
  if (!list.is_array()) throw error(ErrorCode::kMalformed, "{}: 'messages' is no list", where);
  std::vector<Message> messages;
  for (const ordered_json& item : list) {
    messages.push_back(message_from_json(item, fmt::format("{}: message {}", where, messages.size() + 1)));
  }
  return messages;
}

std::vector<Tool> tools_from_json(const ordered_json& list, const std::string& where) {
  std::vector<Tool> tools;
  if (list.is_null()) return tools;
  if (!list.is_array()) throw error(ErrorCode::kMalformed, "{}: 'tools' is no list", where);
  for (const ordered_json& item : list) {
    const std::string place = fmt::format("{}: tool {}", where, tools.size() + 1);
    const ordered_json& function = *function_of(item, place);
    Tool tool = {name_of_function(function, place), text_of(function, "description", place), {}};
    if (const ordered_json* const parameters = find_field(function, "parameters")) {
      if (!parameters->is_object()) refuse(place, "parameters", parameters, "a JSON schema");
      tool.parameters = dump_json(*parameters);
    }
    tools.push_back(std::move(tool));
  }
  return tools;
}

ordered_json to_json(const Message& message) {
  ordered_json item = {{"role", kRoles[static_cast<std::size_t>(message.role)]}, {"content", message.content}};
  if (!message.reasoning.empty()) item["reasoning_content"] = message.reasoning;
  for (const ToolCall& call : message.tool_calls) {
    item["tool_calls"].push_back(
        {{"id", call.id}, {"type", "function"}, {"function", {{"name", call.name}, {"arguments", call.arguments}}}});
  }
  if (!message.tool_call_id.empty()) item["tool_call_id"] = message.tool_call_id;
  return item;
}

}  // namespace rocmforge::cli
