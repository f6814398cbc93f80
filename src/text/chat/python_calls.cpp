// Reads calls in Python's syntax.
#include "text/chat/json_calls.h"
#include "text/chat/python_literal.h"
#include "text/chat/written_calls.h"

namespace rocmforge::text {
namespace {

// Reads name(key=value, ...).
Task<bool> read_call(CallReader& reader, const PythonCalls& form) {
  std::optional<std::string> name = co_await reader.name();
  if (!name) co_return false;
  if (!form.name_end.empty()) {
    if (name->size() <= form.name_end.size() || !name->ends_with(form.name_end)) co_return false;
    name->resize(name->size() - form.name_end.size());
  }
  const bool open = co_await reader.literal("(");
  if (!open) co_return false;
  reader.begin_call(*name);
  std::string json = "{";
  for (bool first = true;; first = false) {
    int byte = co_await reader.next_visible();
    if (!first && byte == ',') {
      reader.take();
      byte = co_await reader.next_visible();
    } else if (!first && byte != ')') {
      co_return false;
    }
    if (byte == ')') break;
    const std::optional<std::string> key = co_await reader.name();
    const int equals = co_await reader.next_visible();
    if (!key || equals != '=') co_return false;
    reader.take();
    json += (first ? "" : ", ") + json_string_literal(*key) + ": ";
    const bool value = co_await read_python_value(reader.stream(), json, kJsonMaxDepth - 1);
    if (!value) co_return false;
    reader.arguments(json);
    json.clear();
  }
  reader.take();
  reader.arguments(json + "}");
  co_return true;
}

// Reads the calls after the list's opening bracket.
Task<bool> read_list(CallReader& reader, const PythonCalls& form) {
  for (bool first = true;; first = false) {
    int byte = co_await reader.next_visible();
    if (!first) {
      if (byte == ']') break;
      if (byte != ',') co_return false;
      reader.take();
      byte = co_await reader.next_visible();
    }
    const bool read = co_await read_call(reader, form);
    if (!read) co_return false;
    // If a quote inside a string was mistaken for its end, something unexpected follows the call.
    const int next = co_await reader.next_visible();
    if (next != ',' && next != ']' && next != CallReader::kEnd) co_return false;
    reader.end_call();
  }
  reader.take();
  co_return true;
}

constexpr JsonCalls kJsonInstead{.marker = {}, .list = true};

constexpr std::string_view kPythonValueRules =
    R"(value ::= text | number | "True" | "False" | "None" | "true" | "false" | "null" | list | dict
text ::= "'" ([^'\\] | "\\" [^\n])* "'" | "\"" ([^"\\] | "\\" [^\n])* "\""
number ::= "-"? [0-9] [0-9]* ("." [0-9] [0-9]*)? ([eE] [-+]? [0-9] [0-9]*)?
list ::= "[" (value (", " value)*)? "]"
dict ::= "{" (text ": " value (", " text ": " value)*)? "}"
)";

}  // namespace

Task<bool> read_python_calls(CallReader& reader, const PythonCalls& form) {
  const int first = co_await reader.next_visible();
  bool read = false;
  if (form.list) {
    if (first != '[') co_return false;
    reader.take();
    // The same models write JSON if they are asked to.
    const int within = co_await reader.next_visible();
    if (within == '{') {
      read = co_await read_json_list(reader, kJsonInstead);
    } else {
      read = co_await read_list(reader, form);
    }
    if (!read) co_return false;
    const bool closed = co_await reader.closing(form.closing);
    co_return closed;
  }
  read = co_await read_call(reader, form);
  if (read) reader.end_call();
  co_return read;
}

ReplyGrammar python_calls_grammar(const PythonCalls& form, const CallRules& rules) {
  GrammarWriter writer(rules);
  const auto literal = GrammarWriter::literal;
  writer.rule("argument", "[a-zA-Z_] [a-zA-Z0-9_-]* \"=\" value");
  const std::string tools = writer.any_tool([&](const ToolDeclaration& tool, const std::string&) {
    return literal(tool.name + std::string(form.name_end) + "(") + " (argument (\", \" argument)*)? \")\"";
  });
  writer.rule("call", tools);
  const std::string calls = form.list ? "\"[\" " + writer.some("call", "\", \"") + " \"]\"" : "call";
  writer.rule("root", literal(form.marker) + " " + calls + (form.closing.empty() ? "" : " " + literal(form.closing)));
  writer.rules_text(kPythonValueRules);
  return writer.finish({std::string(form.marker)});
}

}  // namespace rocmforge::text
