// Conversations to prompts, by the template that a model brings along.
//
// Text that came from messages, tools and documents is marked as such in the prompt and never becomes a control token,
// whatever it looks like; only the template's own text, roles and the texts of BOS and EOS do.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gguf/metadata.h"
#include "text/chat/chat_request.h"
#include "text/chat/reply_forms.h"
#include "text/jinja/template.h"
#include "text/text_range.h"
#include "text/tokenizer.h"

namespace rocmforge::text {

inline constexpr std::string_view kChatTemplateKey = "tokenizer.chat_template";

// What templates call tokens, bos_token and the like, and their texts; empty where there is no such token.
std::vector<std::pair<std::string_view, std::string_view>> token_texts(const Vocabulary& vocabulary);

struct Prompt {
  std::string text;
  std::vector<TextRange> data;  // sorted: what came from the request
  bool reasoning_open = false;  // the reply begins inside the reasoning
};

// The tokens of a prompt, with BOS where the vocabulary wants one and the template wrote none.
std::vector<TokenId> encode_prompt(const Tokenizer& tokenizer, const Prompt& prompt);

// Immutable: threads may render at the same time.
class ChatTemplate {
 public:
  // The template of a model: `tokenizer.chat_template`, and `….tool_use` where there are tools. A model without one
  // gets ChatML, which the log says.
  static ChatTemplate of_model(const gguf::Metadata& metadata, const Vocabulary& vocabulary);

  // A template of the user's own; `name` stands for it in messages.
  static ChatTemplate of_source(std::string_view source, std::string_view name, const Vocabulary& vocabulary);

  // A request that the template refuses is an Error with the template's words.
  Prompt render(const ChatRequest& request, const jinja::RenderOptions& options = {}) const;

  // How replies to the prompts of `request` are written.
  const ReplyForm& reply_form(const ChatRequest& request) const;
  std::unique_ptr<ReplyParser> reply_parser(const ChatRequest& request, const Prompt& prompt) const;

  bool is_fallback() const;

 private:
  struct State;
  explicit ChatTemplate(std::shared_ptr<const State> state) : state_(std::move(state)) {}

  std::shared_ptr<const State> state_;
};

}  // namespace rocmforge::text
