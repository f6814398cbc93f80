#include "text/chat/named_calls.h"

#include <algorithm>

namespace rocmforge::text {
namespace {

constexpr std::string_view kKimiPrefix = "functions.";

struct Head {
  std::string name;
  std::string id;
};

// Parses a head such as functions.get_weather:0.
Head kimi_head(std::string whole) {
  std::string_view name = whole;
  if (name.starts_with(kKimiPrefix)) name.remove_prefix(kKimiPrefix.size());
  const std::size_t colon = name.rfind(':');
  const bool numbered = colon != std::string_view::npos && colon > 0 && colon + 1 < name.size() &&
                        std::ranges::all_of(name.substr(colon + 1), [](char c) { return c >= '0' && c <= '9'; });
  if (numbered) name = name.substr(0, colon);
  std::string plain(name);
  return {std::move(plain), std::move(whole)};
}

// Reads the text between the call's marker and its arguments.
Task<std::optional<Head>> read_head(CallReader& reader, const NamedCalls& form) {
  if (form.head == NamedCalls::Head::kKimi) co_await reader.next_visible();
  std::optional<std::string> first = co_await reader.name();
  if (!first) co_return std::nullopt;
  if (form.head == NamedCalls::Head::kKimi) co_await reader.next_visible();
  Head head;
  if (form.head == NamedCalls::Head::kIdAndName || form.head == NamedCalls::Head::kKindAndName) {
    const bool separated = co_await reader.literal(form.separator);
    if (!separated) co_return std::nullopt;
    std::optional<std::string> name = co_await reader.name();
    if (!name) co_return std::nullopt;
    head.name = std::move(*name);
    if (form.head == NamedCalls::Head::kIdAndName) head.id = std::move(*first);
  } else if (form.head == NamedCalls::Head::kKimi) {
    head = kimi_head(std::move(*first));
  } else {
    head.name = std::move(*first);
  }
  if (form.id.empty()) {
    const bool separated = co_await reader.literal(form.arguments);
    if (!separated) co_return std::nullopt;
    co_return head;
  }
  int next = co_await reader.either(form.arguments, form.id);
  if (next == 1) {
    std::optional<std::string> id = co_await reader.name();
    if (!id) co_return std::nullopt;
    head.id = std::move(*id);
    const bool separated = co_await reader.literal(form.arguments);
    next = separated ? 0 : -1;
  }
  if (next != 0) co_return std::nullopt;
  co_return head;
}

// Reads a call after its marker.
Task<bool> read_named_call(CallReader& reader, const NamedCalls& form) {
  const std::optional<Head> head = co_await read_head(reader, form);
  if (!head || head->name.empty()) co_return false;
  if (!form.user.empty() && head->name == form.user) co_return true;
  if (form.declared_only && !reader.tools().declares(head->name)) co_return false;
  const int first = co_await reader.next_visible();
  if (first == '"') {  // some templates write the arguments' JSON as a string
    const std::optional<std::string> text = co_await reader.json_string();
    const std::optional<std::string> json = text ? read_json_object(*text) : std::nullopt;
    if (!json) co_return false;
    reader.begin_call(head->name, head->id);
    reader.arguments(*json);
  } else {
    if (first != '{') co_return false;
    reader.begin_call(head->name, head->id);
    const bool read = co_await reader.json_arguments();
    if (!read) co_return false;
  }
  if (!form.call_end.empty()) {
    const bool closed = co_await reader.closing(form.call_end);
    if (!closed) co_return false;
  }
  reader.end_call();
  co_return true;
}

}  // namespace

Task<bool> read_named_calls(CallReader& reader, const NamedCalls& form) {
  return read_calls(reader, form, read_named_call);
}

ReplyGrammar named_calls_grammar(const NamedCalls& form, const CallRules& rules) {
  GrammarWriter writer(rules);
  const auto literal = GrammarWriter::literal;
  const bool with_id = form.head == NamedCalls::Head::kIdAndName || !form.id.empty();
  if (with_id) writer.rule("id", "[a-zA-Z0-9] [a-zA-Z0-9]*");
  const std::string tools = writer.any_tool([&](const ToolDeclaration& tool, const std::string& number) {
    std::string call;
    if (form.head == NamedCalls::Head::kKindAndName) call = literal("function" + std::string(form.separator)) + " ";
    if (form.head == NamedCalls::Head::kIdAndName) call = "id " + literal(form.separator) + " ";
    if (form.head == NamedCalls::Head::kKimi) {
      call = literal(std::string(kKimiPrefix) + tool.name + ":") + " [0-9] [0-9]*";
    } else {
      call += literal(tool.name);
    }
    if (!form.id.empty()) call += " (" + literal(form.id) + " id)?";
    return call + " " + literal(form.arguments) + " " + writer.json("arguments-" + number, tool.parameters);
  });
  const std::string end = form.call_end.empty() ? "" : " space " + literal(form.call_end);
  const std::string marker = literal(form.call);
  writer.rule("space", "[ \\n]?");
  writer.rule("call", tools + end);
  // If the form has a name for the user, the prompt may already contain the first marker.
  const std::string first = form.user.empty() ? marker : "(" + marker + ")?";
  const std::string more = rules.parallel ? " (space " + marker + " call)*" : "";
  const std::string calls = first + " call" + more;
  const bool in_section = !form.section.empty();
  writer.rule("root",
              in_section ? literal(form.section) + " space " + calls + " space " + literal(form.section_end) : calls);
  return writer.finish({std::string(form.marker())});
}

}  // namespace rocmforge::text
