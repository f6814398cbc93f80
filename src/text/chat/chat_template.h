// Turns conversations into prompts with the template that a model's file contains.
//
// Text that came from messages, tools and documents is marked as such in the prompt and never becomes a control token,
// whatever it looks like. Only the template's own text, roles, and the texts of BOS and EOS can.
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

// Returns the names under which templates refer to tokens, such as bos_token, with the tokens' texts; a text is empty
// if there is no such token.
std::vector<std::pair<std::string_view, std::string_view>> token_texts(const Vocabulary& vocabulary);

struct Prompt {
  std::string text;
  std::vector<TextRange> data;  // the ranges that came from the request, sorted
  bool reasoning_open = false;  // the reply begins inside the reasoning
};

// Returns the tokens of a prompt. BOS is added if the vocabulary asks for it and the template did not write it.
std::vector<TokenId> encode_prompt(const Tokenizer& tokenizer, const Prompt& prompt);

// Immutable; several threads may render at the same time.
class ChatTemplate {
 public:
  // Returns the template of a model: `tokenizer.chat_template`, or `….tool_use` for requests with tools. A model
  // without one gets ChatML, which is logged.
  static ChatTemplate of_model(const gguf::Metadata& metadata, const Vocabulary& vocabulary);

  // Returns a template from its source; `name` is used in messages. Only tests use this.
  static ChatTemplate of_source(std::string_view source, std::string_view name, const Vocabulary& vocabulary);

  // Renders a request. Throws Error with the template's own message if the template refuses the request.
  Prompt render(const ChatRequest& request, const jinja::RenderOptions& options = {}) const;

  // Returns the form of the replies to the prompt of `request`.
  const ReplyForm& reply_form(const ChatRequest& request) const;
  std::unique_ptr<ReplyParser> reply_parser(const ChatRequest& request, const Prompt& prompt) const;

  // Returns whether the built-in ChatML template is used because the file has none. Only tests use this.
  bool is_fallback() const;

 private:
  struct State;
  explicit ChatTemplate(std::shared_ptr<const State> state) : state_(std::move(state)) {}

  std::shared_ptr<const State> state_;
};

}  // namespace rocmforge::text
