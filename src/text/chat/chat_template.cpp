#include "text/chat/chat_template.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "text/chat/fallback_template.h"
#include "text/chat/message_values.h"
#include "text/chat/template_traits.h"
#include "text/jinja/from_json.h"

namespace rocmforge::text {
namespace {

using nlohmann::ordered_json;

constexpr std::string_view kToolTemplateKey = "tokenizer.chat_template.tool_use";

// Returns the variables for the texts of tokens, which every template may use besides the conversation. In the prompt
// these texts may become tokens.
jinja::Value token_variables(const Vocabulary& vocabulary) {
  jinja::Value variables;
  for (const auto& [name, text] : token_texts(vocabulary)) {
    variables.set(name, jinja::from_json(ordered_json(text), jinja::Origin::kTemplate));
  }
  return variables;
}

struct Variant {
  Variant(std::string_view text, std::string_view name, const jinja::Value& variables)
      : source(text),
        parsed(jinja::Template::parse(source, name)),
        traits(find_traits(parsed, source, variables)),
        form(&reply_form_of(source)) {}

  std::string source;
  jinja::Template parsed;
  TemplateTraits traits;
  const ReplyForm* form;
};

// Cuts the prompt after the final message and removes what the template closes it with.
void cut_after_final_message(jinja::Rendered& rendered, const std::string& content) {
  std::string_view wanted = content;
  const auto is_space = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  while (!wanted.empty() && is_space(wanted.back())) wanted.remove_suffix(1);
  while (!wanted.empty() && is_space(wanted.front())) wanted.remove_prefix(1);
  const std::size_t at = rendered.text.rfind(wanted);
  if (wanted.empty() || at == std::string::npos) {
    throw error(ErrorCode::kUnsupported,
                "the chat template does not show the final message, so it cannot be continued");
  }
  // Keep as much of the message's trailing white space as the template kept.
  std::size_t end = at + wanted.size();
  const std::size_t whole = std::string_view(content).rfind(wanted) + wanted.size();
  for (std::size_t i = whole; i < content.size() && end < rendered.text.size() && rendered.text[end] == content[i];
       ++i) {
    ++end;
  }
  rendered.text.resize(end);
  while (!rendered.data.empty() && rendered.data.back().begin >= end) rendered.data.pop_back();
  if (!rendered.data.empty()) rendered.data.back().end = std::min(rendered.data.back().end, end);
}

std::tm time_of(const jinja::RenderOptions& options) {
  if (options.now) return *options.now;
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  return local;
}

}  // namespace

std::vector<std::pair<std::string_view, std::string_view>> token_texts(const Vocabulary& vocabulary) {
  const SpecialIds& special = vocabulary.special();
  const auto text = [&](TokenId id) { return id == kNoToken ? std::string_view() : vocabulary.text(id); };
  return {{"bos_token", text(special.bos)},
          {"eos_token", text(special.eos)},
          {"pad_token", text(special.padding)},
          {"unk_token", text(special.unknown)}};
}

struct ChatTemplate::State {
  jinja::Value variables;
  Variant usual;
  std::unique_ptr<Variant> with_tools;
  bool fallback = false;

  const Variant& variant(const ChatRequest& request) const {
    return with_tools && !request.tools.empty() ? *with_tools : usual;
  }
};

ChatTemplate ChatTemplate::of_model(const gguf::Metadata& metadata, const Vocabulary& vocabulary) {
  const auto source = metadata.find<std::string>(kChatTemplateKey);
  jinja::Value variables = token_variables(vocabulary);
  if (!source) {
    log::warning("the model has no chat template: using ChatML, which it may not have been trained on");
    Variant variant(kChatMl, "the built-in ChatML template", variables);
    return ChatTemplate(std::make_shared<State>(State{std::move(variables), std::move(variant), nullptr, true}));
  }
  Variant usual(*source, "the model's chat template", variables);
  std::unique_ptr<Variant> with_tools;
  if (const auto tools = metadata.find<std::string>(kToolTemplateKey)) {
    with_tools = std::make_unique<Variant>(*tools, "the model's chat template for tools", variables);
  }
  return ChatTemplate(
      std::make_shared<State>(State{std::move(variables), std::move(usual), std::move(with_tools), false}));
}

ChatTemplate ChatTemplate::of_source(std::string_view source, std::string_view name, const Vocabulary& vocabulary) {
  jinja::Value variables = token_variables(vocabulary);
  Variant variant(source, name, variables);
  return ChatTemplate(std::make_shared<State>(State{std::move(variables), std::move(variant), nullptr, false}));
}

bool ChatTemplate::is_fallback() const { return state_->fallback; }

Prompt ChatTemplate::render(const ChatRequest& request, const jinja::RenderOptions& options) const {
  const Variant& variant = state_->variant(request);
  const ChatRequest sent = adapted(request, variant.traits);
  if (request.continue_final_message &&
      (request.messages.empty() || request.messages.back().role != ChatRole::kAssistant)) {
    throw error(ErrorCode::kMalformed, "the final message is not the assistant's, so it cannot be continued");
  }
  const jinja::Value context = template_context(state_->variables, sent, variant.traits, time_of(options));
  jinja::Rendered rendered = variant.parsed.render(context, options);
  if (request.continue_final_message) cut_after_final_message(rendered, sent.messages.back().content);
  const bool add_prompt = request.add_generation_prompt && !request.continue_final_message;
  const bool open = add_prompt && variant.form->reasoning_open(rendered.text);
  return {std::move(rendered.text), std::move(rendered.data), open};
}

const ReplyForm& ChatTemplate::reply_form(const ChatRequest& request) const {
  const Variant& variant = state_->variant(request);
  // If the template does not support tools, they were described in the Hermes form.
  const bool described = !request.tools.empty() && !variant.traits.takes_tools;
  return described ? *find_reply_form("hermes") : *variant.form;
}

std::unique_ptr<ReplyParser> ChatTemplate::reply_parser(const ChatRequest& request, const Prompt& prompt) const {
  ReplyOptions options;
  options.reasoning_open = prompt.reasoning_open;
  options.parse_tools = !request.tools.empty();
  for (const ChatTool& tool : request.tools) options.tools.push_back({tool.name, tool.parameters});
  return reply_form(request).parser(options);
}

std::vector<TokenId> encode_prompt(const Tokenizer& tokenizer, const Prompt& prompt) {
  return tokenizer.encode(prompt.text,
                          {.add_special = AddSpecial::kPrompt, .parse_special = true, .data = prompt.data});
}

}  // namespace rocmforge::text
