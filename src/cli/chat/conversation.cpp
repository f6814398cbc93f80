#include "cli/chat/conversation.h"

#include <array>
#include <span>

#include <nlohmann/json.hpp>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/json.h"
#include "base/mapped_file.h"
#include "base/text.h"

namespace rocmforge::cli {
namespace {

constexpr std::array<std::string_view, 3> kRoles = {"system", "user", "assistant"};

Role parse_role(const nlohmann::json& message, std::size_t number, const std::string& path) {
  const auto found = message.find("role");
  for (std::size_t i = 0; i < kRoles.size(); ++i) {
    if (found != message.end() && *found == kRoles[i]) return static_cast<Role>(i);
  }
  throw error(ErrorCode::kMalformed, "{}: message {}: 'role' is {}, expected system, user or assistant", path, number,
              found == message.end() ? "missing" : printable(dump_json(*found), 40));
}

std::string parse_text(const nlohmann::json& message, const char* key, std::size_t number, const std::string& path) {
  const auto found = message.find(key);
  if (found == message.end() || found->is_null()) return {};
  if (found->is_string()) return found->get<std::string>();
  throw error(ErrorCode::kMalformed, "{}: message {}: '{}' is {}, expected a text", path, number, key,
              printable(dump_json(*found), 40));
}

// What a template can do nothing with must not get as far as that.
void check_order(const Conversation& conversation, const std::string& path) {
  for (std::size_t i = 0; i < conversation.turns.size(); ++i) {
    const Role expected = i % 2 == 0 ? Role::kUser : Role::kAssistant;
    if (conversation.turns[i].role == expected) continue;
    throw error(ErrorCode::kMalformed, "{}: after the system message the user and the assistant are expected in turn",
                path);
  }
  if (conversation.turns.size() % 2 != 0) {
    throw error(ErrorCode::kMalformed, "{}: the last message has no answer", path);
  }
}

}  // namespace

std::vector<Message> Conversation::messages() const {
  std::vector<Message> all;
  if (!system.empty()) all.push_back({Role::kSystem, system});
  all.insert(all.end(), turns.begin(), turns.end());
  return all;
}

std::string to_json(const Conversation& conversation) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Message& message : conversation.messages()) {
    nlohmann::ordered_json item;
    item["role"] = kRoles[static_cast<std::size_t>(message.role)];
    item["content"] = message.content;
    if (!message.reasoning.empty()) item["reasoning_content"] = message.reasoning;
    list.push_back(std::move(item));
  }
  nlohmann::ordered_json json;
  json["messages"] = std::move(list);
  return dump_json(json, 2) + "\n";
}

Conversation conversation_from_json(std::string_view text, const std::string& path) {
  const nlohmann::json json = parse_json(text, path);
  const auto list = json.is_object() ? json.find("messages") : json.end();
  if (!json.is_object() || list == json.end() || !list->is_array()) {
    throw error(ErrorCode::kMalformed, "{}: no list 'messages', expected a conversation that /save wrote", path);
  }
  Conversation conversation;
  std::size_t number = 0;
  for (const nlohmann::json& item : *list) {
    ++number;
    if (!item.is_object()) throw error(ErrorCode::kMalformed, "{}: message {} is no object", path, number);
    Message message = {parse_role(item, number, path), parse_text(item, "content", number, path),
                       parse_text(item, "reasoning_content", number, path)};
    if (message.role == Role::kSystem && number == 1) {
      conversation.system = std::move(message.content);
    } else {
      conversation.turns.push_back(std::move(message));
    }
  }
  check_order(conversation, path);
  return conversation;
}

void save_conversation(const Conversation& conversation, const std::string& path) {
  const std::string text = to_json(conversation);
  AtomicFile file(path);
  file.write(std::as_bytes(std::span(text)));
  file.commit();
}

Conversation load_conversation(const std::string& path) {
  const MappedFile file(path);
  return conversation_from_json({reinterpret_cast<const char*>(file.bytes().data()), file.size()}, path);
}

}  // namespace rocmforge::cli
