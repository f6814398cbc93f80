#include "engine/conversation.h"

#include <algorithm>

#include "base/error.h"

namespace rocmforge::engine {
namespace {

text::ChatRole role_of(Role role) {
  switch (role) {
    case Role::kSystem: return text::ChatRole::kSystem;
    case Role::kUser: return text::ChatRole::kUser;
    case Role::kAssistant: return text::ChatRole::kAssistant;
    case Role::kTool: return text::ChatRole::kTool;
  }
  throw error(ErrorCode::kUsage, "a message's role is {}, expected system, user, assistant or tool",
              static_cast<int>(role));
}

text::ChatMessage message_of(const Message& message) {
  text::ChatMessage result = {
      .role = role_of(message.role), .content = message.content, .reasoning = message.reasoning};
  for (const ToolCall& call : message.tool_calls) result.tool_calls.push_back({call.id, call.name, call.arguments});
  result.tool_call_id = message.tool_call_id;
  return result;
}

text::ChatRequest request_of(std::span<const Message> messages, const ChatOptions& options) {
  if (messages.empty()) throw error(ErrorCode::kUsage, "there are no messages to answer");
  text::ChatRequest request;
  for (const Message& message : messages) request.messages.push_back(message_of(message));
  for (const Tool& tool : options.tools) {
    if (tool.name.empty()) throw error(ErrorCode::kUsage, "a tool has no name");
    request.tools.push_back({tool.name, tool.description, tool.parameters});
  }
  request.enable_thinking = options.thinking;
  request.continue_final_message = options.continue_last;
  return request;
}

// Returns the number of tokens that another question after the same system message would also begin with.
int common_beginning(const text::ChatRequest& request, const std::vector<kv::TokenId>& tokens,
                     const text::ChatTemplate& chat, const text::Tokenizer& tokenizer) {
  text::ChatRequest other;
  if (request.messages.front().role == text::ChatRole::kSystem) other.messages.push_back(request.messages.front());
  other.messages.push_back({.role = text::ChatRole::kUser, .content = "?"});
  other.tools = request.tools;
  other.enable_thinking = request.enable_thinking;
  try {
    const std::vector<kv::TokenId> others = encode_prompt(tokenizer, chat.render(other));
    return static_cast<int>(std::ranges::mismatch(tokens, others).in1 - tokens.begin());
  } catch (const Error&) {
    return 0;  // the template wants more of a conversation than this one has
  }
}

// Returns the control tokens whose names are part of the markers that the parser looks for.
std::vector<kv::TokenId> controls_within(const std::vector<std::string>& texts, const text::Vocabulary& vocabulary) {
  std::vector<kv::TokenId> controls;
  for (const kv::TokenId token : vocabulary.controls()) {
    const std::string_view name = vocabulary.text(token);
    if (name.empty()) continue;
    const auto within = [&](const std::string& text) { return text.find(name) != std::string::npos; };
    if (std::ranges::any_of(texts, within)) controls.push_back(token);
  }
  return controls;
}

}  // namespace

ChatPrompt prompt_of(std::span<const Message> messages, const ChatOptions& options, const text::ChatTemplate& chat,
                     const text::Tokenizer& tokenizer) {
  const text::ChatRequest request = request_of(messages, options);
  const text::Prompt prompt = chat.render(request);
  const text::ReplyForm& form = chat.reply_form(request);
  ChatPrompt result;
  result.tokens = encode_prompt(tokenizer, prompt);
  if (result.tokens.empty()) throw error(ErrorCode::kMalformed, "the chat template makes nothing of the conversation");
  if (options.context_shift) result.keep = common_beginning(request, result.tokens, chat, tokenizer);
  result.stops = form.stops();
  std::vector<std::string> visible = form.markers();
  visible.insert(visible.end(), result.stops.begin(), result.stops.end());
  result.printed_controls = controls_within(visible, tokenizer.vocabulary());
  result.parser = chat.reply_parser(request, prompt);
  return result;
}

}  // namespace rocmforge::engine
