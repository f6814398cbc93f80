// Conversations as lines of JSON, each answered by a line.
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/chat/message_json.h"
#include "cli/chat/talk.h"
#include "cli/json_lines.h"

namespace rocmforge::cli {
namespace {

using nlohmann::ordered_json;

std::string_view finish_of(const Generation& generation) {
  switch (generation.finish) {
    case FinishReason::kLength:
    case FinishReason::kContext: return "length";
    case FinishReason::kCancelled: return "cancelled";
    case FinishReason::kEnd:
    case FinishReason::kStopString: break;
  }
  return generation.tool_calls.empty() ? "stop" : "tool_calls";
}

ordered_json reply_to(Model& model, const ordered_json& line, const TalkOptions& usual) {
  if (!line.is_object() || !line.contains("messages")) {
    throw error(ErrorCode::kMalformed, "expected an object with the field 'messages'");
  }
  std::vector<Message> messages = messages_from_json(line["messages"], "the conversation");
  const bool has_system = !messages.empty() && messages.front().role == Role::kSystem;
  if (!usual.system.empty() && !has_system) messages.insert(messages.begin(), {Role::kSystem, usual.system});
  ChatOptions options = usual.generation;
  if (const auto tools = line.find("tools"); tools != line.end()) options.tools = tools_from_json(*tools, "the tools");
  if (line.contains("thinking") && !line["thinking"].is_null()) options.thinking = bool_field(line, "thinking", false);
  const Generation generation = model.chat(messages, options);
  ordered_json reply = to_json(Message{.role = Role::kAssistant,
                                       .content = generation.text,
                                       .reasoning = generation.reasoning,
                                       .tool_calls = generation.tool_calls});
  reply["finish_reason"] = finish_of(generation);
  reply["usage"] = {{"prompt_tokens", generation.statistics.prompt_tokens},
                    {"completion_tokens", generation.statistics.new_tokens}};
  return reply;
}

}  // namespace

void answer_lines(Model& model, const TalkOptions& options) {
  answer_json_lines([&](const ordered_json& line) { return reply_to(model, line, options); });
}

}  // namespace rocmforge::cli
