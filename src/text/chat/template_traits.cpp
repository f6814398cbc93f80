#include "text/chat/template_traits.h"

#include <cctype>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "text/chat/message_values.h"
#include "text/jinja/from_json.h"

namespace rocmforge::text {
namespace {

// Words that do not occur in any template.
constexpr std::string_view kSystemWord = "sysprobe7", kUserWord = "userprobe7", kToolWord = "toolprobe7",
                           kValueWord = "valueprobe7", kAnswerWord = "answerprobe7";

class Probe {
 public:
  Probe(const jinja::Template& parsed, const jinja::Value& variables) : parsed_(parsed), variables_(variables) {}

  // Renders the messages. Returns nothing if the template refuses them.
  std::optional<std::string> render(const std::vector<ChatMessage>& messages, const std::vector<ChatTool>& tools,
                                    const TemplateTraits& traits) const {
    ChatRequest request;
    request.messages = messages;
    request.tools = tools;
    request.add_generation_prompt = false;
    // Four short messages take a few thousand steps. The limit keeps a hostile template from costing a second per
    // trial.
    jinja::RenderOptions options;
    options.limits.steps = 200'000;
    try {
      return parsed_.render(template_context(variables_, request, traits, std::tm()), options).text;
    } catch (const Error&) {
      return std::nullopt;
    }
  }

  bool shows(std::string_view word, const std::vector<ChatMessage>& messages, const std::vector<ChatTool>& tools,
             const TemplateTraits& traits) const {
    const auto text = render(messages, tools, traits);
    return text && text->find(word) != std::string::npos;
  }

 private:
  const jinja::Template& parsed_;
  const jinja::Value& variables_;
};

ChatMessage user() { return {.role = ChatRole::kUser, .content = std::string(kUserWord)}; }
ChatMessage system(ChatRole role = ChatRole::kSystem) { return {.role = role, .content = std::string(kSystemWord)}; }

std::vector<ChatTool> one_tool() {
  return {{.name = std::string(kToolWord),
           .description = "A tool.",
           .parameters = R"({"type": "object", "properties": {"word": {"type": "string"}},)"
                         R"( "required": ["word"]})"}};
}

std::vector<ChatMessage> one_call(std::string_view id) {
  const std::string text(id);
  const std::string arguments = "{\"word\": \"" + std::string(kValueWord) + "\"}";
  return {user(),
          {.role = ChatRole::kAssistant, .tool_calls = {{text, std::string(kToolWord), arguments}}},
          {.role = ChatRole::kTool,
           .content = std::string(kAnswerWord),
           .tool_call_id = text,
           .name = std::string(kToolWord)},
          {.role = ChatRole::kAssistant, .content = "Done."}};
}

// Returns whether a call is shown correctly: its parts are present, and its arguments are neither printed as a Python
// dictionary nor quoted twice.
bool shows_call(const std::optional<std::string>& text) {
  if (!text) return false;
  const auto has = [&](std::string_view word) { return text->find(word) != std::string::npos; };
  return has(kToolWord) && has(kValueWord) && has(kAnswerWord) && !has("{'word'") && !has("\\\"word\\\"") &&
         !has("None");
}

void find_call_traits(const Probe& probe, TemplateTraits& traits) {
  for (const bool short_ids : {false, true}) {
    for (const bool as_text : {false, true}) {
      for (const bool null_content : {true, false}) {
        TemplateTraits tried = traits;
        tried.short_call_ids = short_ids;
        tried.arguments_as_text = as_text;
        tried.null_content = null_content;
        if (!shows_call(probe.render(one_call("call_0123456789"), one_tool(), tried))) continue;
        traits = tried;
        return;
      }
    }
  }
  traits.takes_tool_calls = false;
}

// Returns whether the template uses a variable of this name, or contains the word.
bool mentions(std::string_view source, std::string_view word) {
  const auto in_word = [&](std::size_t at) {
    return at < source.size() && (std::isalnum(static_cast<unsigned char>(source[at])) != 0 || source[at] == '_');
  };
  for (std::size_t at = source.find(word); at != std::string_view::npos; at = source.find(word, at + 1)) {
    if (!in_word(at - 1) && !in_word(at + word.size())) return true;
  }
  return false;
}

std::string_view find_reasoning_key(std::string_view source) {
  const auto has = [&](std::string_view text) { return source.find(text) != std::string_view::npos; };
  if (has("reasoning_content")) return "reasoning_content";
  if (has(".thinking") || has("['thinking']") || has("\"thinking\"")) return "thinking";
  if (has(".reasoning") || has("['reasoning']")) return "reasoning";
  return {};
}

}  // namespace

TemplateTraits find_traits(const jinja::Template& parsed, std::string_view source, const jinja::Value& variables) {
  const Probe probe(parsed, variables);
  TemplateTraits traits;
  traits.reasoning_key = find_reasoning_key(source);
  traits.tools_as_functions = mentions(source, "functions") && !mentions(source, "tools");
  if (!probe.shows(kUserWord, {user()}, {}, traits)) {
    traits.content_in_parts = true;
    // A template that refuses even this needs something that only the request can supply.
    if (!probe.shows(kUserWord, {user()}, {}, traits)) return {.reasoning_key = traits.reasoning_key};
  }
  traits.takes_system = probe.shows(kSystemWord, {system(), user()}, {}, traits);
  traits.takes_developer = probe.shows(kSystemWord, {system(ChatRole::kDeveloper), user()}, {}, traits) &&
                           source.find("developer") != std::string_view::npos;
  traits.needs_descriptions = !probe.render({user()}, one_tool(), traits);
  traits.takes_tools = probe.shows(kToolWord, {user()}, one_tool(), traits);
  find_call_traits(probe, traits);
  return traits;
}

}  // namespace rocmforge::text
