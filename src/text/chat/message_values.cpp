#include "text/chat/message_values.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "text/jinja/from_json.h"

namespace rocmforge::text {
namespace {

using nlohmann::ordered_json;

ordered_json parse_object(const std::string& text, std::string_view what) {
  ordered_json value = parse_ordered_json(text, what);
  if (!value.is_object()) {
    throw error(ErrorCode::kMalformed, "{}: {} is not a JSON object", what, printable(text));
  }
  return value;
}

ordered_json arguments_of(const ChatToolCall& call) {
  const std::string what = fmt::format("the arguments of the call of '{}'", printable(call.name));
  return parse_object(call.arguments.empty() ? "{}" : call.arguments, what);
}

// Adds an empty description to each parameter that has none.
void add_descriptions(ordered_json& schema) {
  const auto properties = schema.find("properties");
  if (properties == schema.end() || !properties->is_object()) return;
  for (auto& property : *properties) {
    if (!property.is_object()) continue;
    if (!property.contains("description")) property["description"] = "";
    add_descriptions(property);
  }
}

ordered_json declaration(const ChatTool& tool, const TemplateTraits& traits = {}) {
  const std::string what = fmt::format("the parameters of the tool '{}'", printable(tool.name));
  ordered_json function = {{"name", tool.name}, {"description", tool.description}};
  function["parameters"] = tool.parameters.empty()
                               ? ordered_json{{"type", "object"}, {"properties", ordered_json::object()}}
                               : parse_object(tool.parameters, what);
  if (traits.needs_descriptions) add_descriptions(function["parameters"]);
  return {{"type", "function"}, {"function", std::move(function)}};
}

// Returns nine letters and digits that depend only on the id (FNV-1a).
std::string short_id(const std::string& id) {
  const bool fits = id.size() == 9 && std::all_of(id.begin(), id.end(), [](char c) {
                      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
                    });
  if (fits || id.empty()) return id;
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : id) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  std::string digits = fmt::format("{:016x}", hash);
  return digits.substr(0, 9);
}

ordered_json call_value(const ChatToolCall& call, const TemplateTraits& traits) {
  const ordered_json arguments = arguments_of(call);
  ordered_json function = {{"name", call.name}};
  if (traits.arguments_as_text) {
    function["arguments"] = dump_json(arguments);
  } else {
    function["arguments"] = arguments;
  }
  ordered_json value = {{"type", "function"}, {"function", std::move(function)}};
  if (!call.id.empty()) value["id"] = traits.short_call_ids ? short_id(call.id) : call.id;
  return value;
}

ordered_json content_value(const ChatMessage& message, const TemplateTraits& traits) {
  if (message.content.empty() && !message.tool_calls.empty() && traits.null_content) return nullptr;
  if (!traits.content_in_parts) return message.content;
  return ordered_json::array({{{"type", "text"}, {"text", message.content}}});
}

// ---- Tools as text in the Hermes form, for templates without tools ----

std::string describe_tools(const std::vector<ChatTool>& tools) {
  std::string text = "You can call these functions; their signatures are JSON schemas:\n<tools>\n";
  for (const ChatTool& tool : tools) text.append(dump_json(declaration(tool))).append("\n");
  return text +
         "</tools>\nTo call one, write a JSON object with its name and its arguments between the tags:\n<tool_call>\n"
         "{\"name\": NAME, \"arguments\": ARGUMENTS}\n</tool_call>";
}

std::string written_call(const ChatToolCall& call) {
  const ordered_json value = {{"name", call.name}, {"arguments", arguments_of(call)}};
  return "<tool_call>\n" + dump_json(value) + "\n</tool_call>";
}

void append_paragraph(std::string& text, const std::string& paragraph) {
  if (!text.empty() && !paragraph.empty()) text += "\n\n";
  text += paragraph;
}

void write_calls_as_text(std::vector<ChatMessage>& messages) {
  for (ChatMessage& message : messages) {
    for (const ChatToolCall& call : message.tool_calls) {
      if (!message.content.empty()) message.content += '\n';
      message.content += written_call(call);
    }
    message.tool_calls.clear();
    if (message.role != ChatRole::kTool) continue;
    message.role = ChatRole::kUser;
    message.content = "<tool_response>\n" + message.content + "\n</tool_response>";
  }
  // Templates without tools require users and assistants to alternate.
  std::vector<ChatMessage> joined;
  for (ChatMessage& message : messages) {
    if (!joined.empty() && joined.back().role == ChatRole::kUser && message.role == ChatRole::kUser) {
      joined.back().content.append("\n").append(message.content);
    } else {
      joined.push_back(std::move(message));
    }
  }
  messages = std::move(joined);
}

ChatMessage& first_or_new(std::vector<ChatMessage>& messages, ChatRole role) {
  const auto found = std::find_if(messages.begin(), messages.end(), [&](const auto& m) { return m.role == role; });
  if (found != messages.end()) return *found;
  return *messages.insert(messages.begin(), ChatMessage{.role = role});
}

void move_system_to_user(std::vector<ChatMessage>& messages) {
  std::string system;
  for (const ChatMessage& message : messages) {
    if (message.role == ChatRole::kSystem) append_paragraph(system, message.content);
  }
  if (system.empty()) return;
  std::erase_if(messages, [](const ChatMessage& message) { return message.role == ChatRole::kSystem; });
  ChatMessage& user = first_or_new(messages, ChatRole::kUser);
  append_paragraph(system, user.content);
  user.content = std::move(system);
}

jinja::Value message_value(const ChatMessage& message, const TemplateTraits& traits) {
  ordered_json fields = {{"role", name_of(message.role)}, {"content", content_value(message, traits)}};
  if (!message.reasoning.empty() && !traits.reasoning_key.empty()) {
    fields[std::string(traits.reasoning_key)] = message.reasoning;
  }
  for (const ChatToolCall& call : message.tool_calls) fields["tool_calls"].push_back(call_value(call, traits));
  if (!message.tool_call_id.empty()) {
    fields["tool_call_id"] = traits.short_call_ids ? short_id(message.tool_call_id) : message.tool_call_id;
  }
  if (!message.name.empty()) fields["name"] = message.name;
  jinja::Value value = jinja::from_json(fields, jinja::Origin::kContext);
  // A role is a name of ours, and templates build control tokens from it: '<|' + role + '|>'.
  value.set("role", jinja::from_json(fields["role"], jinja::Origin::kTemplate));
  return value;
}

void set_tools(jinja::Value& context, const ChatRequest& request, const TemplateTraits& traits, const std::tm& now) {
  const auto set = [&](std::string_view name, const ordered_json& value) {
    context.set(name, jinja::from_json(value, jinja::Origin::kContext));
  };
  ordered_json tools = ordered_json::array(), functions = ordered_json::array();
  for (const ChatTool& tool : request.tools) {
    tools.push_back(declaration(tool, traits));
    functions.push_back(tools.back()["function"]);
  }
  if (!tools.empty()) set("tools", tools);
  if (!traits.tools_as_functions) return;
  char time[64];
  const std::size_t length = std::strftime(time, sizeof time, "%Y-%m-%d %H:%M:%S", &now);
  set("functions", dump_json(functions, 4));
  set("datetime", std::string(time, length));
}

}  // namespace

ChatRequest adapted(const ChatRequest& request, const TemplateTraits& traits) {
  ChatRequest changed = request;
  if (!traits.takes_developer) {
    for (ChatMessage& message : changed.messages) {
      if (message.role == ChatRole::kDeveloper) message.role = ChatRole::kSystem;
    }
  }
  if (!traits.takes_tools && !changed.tools.empty()) {
    ChatMessage& system = first_or_new(changed.messages, ChatRole::kSystem);
    append_paragraph(system.content, describe_tools(changed.tools));
    changed.tools.clear();
  }
  const bool has_calls = std::any_of(changed.messages.begin(), changed.messages.end(), [](const ChatMessage& m) {
    return !m.tool_calls.empty() || m.role == ChatRole::kTool;
  });
  if (has_calls && !traits.takes_tool_calls) write_calls_as_text(changed.messages);
  if (!traits.takes_system) move_system_to_user(changed.messages);
  return changed;
}

jinja::Value template_context(const jinja::Value& variables, const ChatRequest& request, const TemplateTraits& traits,
                              const std::tm& now) {
  jinja::Value context = variables;
  if (request.enable_thinking) {
    // The names that templates use for it.
    for (const char* name : {"enable_thinking", "thinking"}) {
      context.set(name, jinja::Value::truth(*request.enable_thinking));
    }
  }
  if (!request.documents.empty()) {
    const ordered_json documents = parse_ordered_json(request.documents, "documents");
    context.set("documents", jinja::from_json(documents, jinja::Origin::kContext));
  }
  if (!request.template_arguments.empty()) {
    const ordered_json arguments = parse_object(request.template_arguments, "template arguments");
    for (const auto& [name, value] : arguments.items()) {
      context.set(name, jinja::from_json(value, jinja::Origin::kContext));
    }
  }
  std::vector<jinja::Value> messages;
  for (const ChatMessage& message : request.messages) messages.push_back(message_value(message, traits));
  context.set("messages", jinja::Value::list(messages));
  set_tools(context, request, traits, now);
  const bool add_prompt = request.add_generation_prompt && !request.continue_final_message;
  context.set("add_generation_prompt", jinja::Value::truth(add_prompt));
  return context;
}

}  // namespace rocmforge::text
