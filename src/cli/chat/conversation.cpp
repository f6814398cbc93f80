#include "cli/chat/conversation.h"

#include <span>

#include <nlohmann/json.hpp>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/json.h"
#include "base/mapped_file.h"
#include "cli/chat/message_json.h"

namespace rocmforge::cli {
namespace {

// Throws Error if the messages are in an order that chat templates do not support.
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
  for (const Message& message : conversation.messages()) list.push_back(to_json(message));
  nlohmann::ordered_json json;
  json["messages"] = std::move(list);
  return dump_json(json, 2) + "\n";
}

Conversation conversation_from_json(std::string_view text, const std::string& path) {
  const nlohmann::ordered_json json = parse_ordered_json(text, path);
  if (!json.is_object() || !json.contains("messages") || !json["messages"].is_array()) {
    throw error(ErrorCode::kMalformed, "{}: no list 'messages', expected a conversation that /save wrote", path);
  }
  Conversation conversation;
  conversation.turns = messages_from_json(json["messages"], path);
  std::vector<Message>& turns = conversation.turns;
  if (!turns.empty() && turns.front().role == Role::kSystem) {
    conversation.system = std::move(turns.front().content);
    turns.erase(turns.begin());
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
