#include "text/chat/template_habits.h"

#include <cctype>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "text/chat/message_values.h"
#include "text/jinja/from_json.h"

namespace rocmforge::text {
namespace {

// Words that no template has of its own.
constexpr std::string_view kSystemWord = "sysprobe7", kUserWord = "userprobe7", kToolWord = "toolprobe7",
                           kValueWord = "valueprobe7", kAnswerWord = "answerprobe7";

class Probe {
 public:
  Probe(const jinja::Template& parsed, const jinja::Value& variables) : parsed_(parsed), variables_(variables) {}

  // What the template makes of the messages; nothing when it refuses them.
  std::optional<std::string> render(const std::vector<ChatMessage>& messages, const std::vector<ChatTool>& tools,
                                    const TemplateHabits& habits) const {
    ChatRequest request;
    request.messages = messages;
    request.tools = tools;
    request.add_generation_prompt = false;
    // Four short messages take a few thousand steps; a hostile template must not cost a second for each thing tried.
    jinja::RenderOptions options;
    options.limits.steps = 200'000;
    try {
      return parsed_.render(template_context(variables_, request, habits, std::tm()), options).text;
    } catch (const Error&) {
      return std::nullopt;
    }
  }

  bool shows(std::string_view word, const std::vector<ChatMessage>& messages, const std::vector<ChatTool>& tools,
             const TemplateHabits& habits) const {
    const auto text = render(messages, tools, habits);
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

// A call is shown right when its parts are there, and its arguments neither as Python prints a dictionary nor quoted
// twice.
bool shows_call(const std::optional<std::string>& text) {
  if (!text) return false;
  const auto has = [&](std::string_view word) { return text->find(word) != std::string::npos; };
  return has(kToolWord) && has(kValueWord) && has(kAnswerWord) && !has("{'word'") && !has("\\\"word\\\"") &&
         !has("None");
}

void find_call_habits(const Probe& probe, TemplateHabits& habits) {
  for (const bool short_ids : {false, true}) {
    for (const bool as_text : {false, true}) {
      for (const bool null_content : {true, false}) {
        TemplateHabits tried = habits;
        tried.short_call_ids = short_ids;
        tried.arguments_as_text = as_text;
        tried.null_content = null_content;
        if (!shows_call(probe.render(one_call("call_0123456789"), one_tool(), tried))) continue;
        habits = tried;
        return;
      }
    }
  }
  habits.takes_tool_calls = false;
}

// Whether the template names a variable so, or says the word.
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

TemplateHabits find_habits(const jinja::Template& parsed, std::string_view source, const jinja::Value& variables) {
  const Probe probe(parsed, variables);
  TemplateHabits habits;
  habits.reasoning_key = find_reasoning_key(source);
  habits.tools_as_functions = mentions(source, "functions") && !mentions(source, "tools");
  if (!probe.shows(kUserWord, {user()}, {}, habits)) {
    habits.content_in_parts = true;
    // A template that refuses even this wants something that only the request can bring.
    if (!probe.shows(kUserWord, {user()}, {}, habits)) return {.reasoning_key = habits.reasoning_key};
  }
  habits.takes_system = probe.shows(kSystemWord, {system(), user()}, {}, habits);
  habits.takes_developer = probe.shows(kSystemWord, {system(ChatRole::kDeveloper), user()}, {}, habits) &&
                           source.find("developer") != std::string_view::npos;
  habits.needs_descriptions = !probe.render({user()}, one_tool(), habits);
  habits.takes_tools = probe.shows(kToolWord, {user()}, one_tool(), habits);
  find_call_habits(probe, habits);
  return habits;
}

}  // namespace rocmforge::text
