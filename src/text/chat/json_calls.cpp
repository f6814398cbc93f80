#include "text/chat/json_calls.h"

#include <algorithm>
#include <initializer_list>

#include <fmt/format.h>

namespace rocmforge::text {
namespace {

using std::string_view;

bool is_one_of(string_view key, std::initializer_list<string_view> keys) {
  return std::ranges::find(keys, key) != keys.end();
}

bool is_name_key(string_view key) { return is_one_of(key, {"name", "tool_name"}); }
bool is_arguments_key(string_view key) { return is_one_of(key, {"arguments", "parameters"}); }
bool is_id_key(string_view key) { return is_one_of(key, {"id", "tool_call_id", "call_id"}); }

// The parts of a call that are known while its object is read.
struct Call {
  std::optional<std::string> name;
  std::string id;
  std::optional<std::string> arguments;  // arguments that wait for the name or the id
  bool streamed = false;                 // the arguments have already been written
};

bool is_ignored(const JsonCalls& form, const Call& call) {
  const auto spelt = [](string_view name) {
    std::string plain(name);
    std::ranges::replace(plain, '-', '_');
    return plain;
  };
  return !form.no_call.empty() && call.name && spelt(*call.name) == form.no_call;
}

Task<bool> read_arguments(CallReader& reader, const JsonCalls& form, Call& call) {
  if (call.streamed || call.arguments) co_return false;
  const int first = co_await reader.next_visible();
  if (first == '{' && call.name && !form.id_last && !is_ignored(form, call)) {
    reader.begin_call(*call.name, call.id);
    call.streamed = true;
    const bool read = co_await reader.json_arguments();
    co_return read;
  }
  std::string value;
  const bool read = co_await reader.json_value(value);
  if (!read) co_return false;
  if (first == '"') value = json_string_value(value);  // some models write the JSON inside a string
  if (first == 'n' || value.empty()) value = "{}";
  call.arguments = read_json_object(value);
  co_return call.arguments.has_value();
}

Task<bool> read_id(CallReader& reader, Call& call) {
  const int first = co_await reader.next_visible();
  std::string value;
  const bool read = co_await reader.json_value(value);
  if (!read) co_return false;
  call.id = first == '"' ? json_string_value(value) : first == 'n' ? std::string() : value;
  co_return true;
}

Task<bool> read_member(CallReader& reader, const JsonCalls& form, Call& call) {
  std::optional<std::string> key = co_await reader.json_string();
  if (!key) co_return false;
  const int colon = co_await reader.next_visible();
  if (colon != ':') co_return false;
  reader.take();
  if (form.name_is_key) {
    if (call.name || key->empty()) co_return false;
    call.name = std::move(key);
    const bool read = co_await read_arguments(reader, form, call);
    co_return read;
  }
  bool read = false;
  if (is_name_key(*key)) {
    if (call.name) co_return false;
    call.name = co_await reader.json_string();
    read = call.name && !call.name->empty() && (!form.bare || reader.tools().declares(*call.name));
  } else if (is_arguments_key(*key)) {
    read = co_await read_arguments(reader, form, call);
  } else if (is_id_key(*key)) {
    read = co_await read_id(reader, call);
  } else {
    if (form.bare && *key != "type") co_return false;
    read = co_await reader.skip_json();
  }
  co_return read;
}

}  // namespace

Task<bool> read_json_call(CallReader& reader, const JsonCalls& form) {
  Call call;
  for (bool first = true;; first = false) {
    const int byte = co_await reader.next_visible();
    if (byte == '}') break;
    if (!first) {
      if (byte != ',') co_return false;
      reader.take();
    }
    const bool read = co_await read_member(reader, form, call);
    if (!read) co_return false;
  }
  reader.take();
  if (!call.name) co_return false;
  if (is_ignored(form, call) || call.streamed) co_return true;
  reader.begin_call(*call.name, call.id);
  reader.arguments(call.arguments ? *call.arguments : "{}");
  co_return true;
}

Task<bool> read_json_list(CallReader& reader, const JsonCalls& form) {
  for (bool first = true;; first = false) {
    int byte = co_await reader.next_visible();
    if (!first) {
      if (byte == ']') break;
      if (byte != ',') co_return false;
      reader.take();
      byte = co_await reader.next_visible();
    }
    if (byte != '{') co_return false;
    reader.take();
    const bool read = co_await read_json_call(reader, form);
    if (!read) co_return false;
    reader.end_call();
  }
  reader.take();
  co_return true;
}

namespace {

// Reads any number of further calls, each after a separator.
Task<bool> read_separated_calls(CallReader& reader, const JsonCalls& form) {
  for (;;) {
    const int separator = co_await reader.next_visible();
    if (separator != form.separator) co_return true;
    reader.take();
    const int open = co_await reader.next_visible();
    if (open != '{') co_return false;
    reader.take();
    const bool read = co_await read_json_call(reader, form);
    if (!read) co_return false;
    reader.end_call();
  }
}

}  // namespace

Task<bool> read_json_calls(CallReader& reader, const JsonCalls& form) {
  if (!form.opening.empty()) {
    co_await reader.next_visible();
    const bool open = co_await reader.literal(form.opening);
    if (!open) co_return false;
  }
  int first = '{';
  if (!form.bare) {
    first = co_await reader.next_visible();
    if (first != '{' && first != '[') co_return false;
    reader.take();
  }
  bool read = false;
  if (first == '[') {
    read = co_await read_json_list(reader, form);
  } else {
    read = co_await read_json_call(reader, form);
  }
  if (!read) co_return false;
  const bool closed = co_await reader.closing(form.closing);
  if (first == '{' && closed) reader.end_call();
  if (!closed || form.separator == '\0') co_return closed;
  const bool more_read = co_await read_separated_calls(reader, form);
  co_return more_read;
}

ReplyGrammar json_calls_grammar(const JsonCalls& form, const CallRules& rules) {
  GrammarWriter writer(rules);
  const auto literal = GrammarWriter::literal;
  const std::string tools = writer.any_tool([&](const ToolDeclaration& tool, const std::string& number) {
    const std::string arguments = writer.json("arguments-" + number, tool.parameters);
    if (form.name_is_key) return literal("{\"" + tool.name + "\": ") + " " + arguments + " \"}\"";
    const std::string id = form.id_key.empty() ? "" : fmt::format("\"{}\": \"", form.id_key);
    const std::string name = fmt::format("\"{}\": \"{}\"", form.name_key, json_escaped(tool.name));
    const bool id_first = !id.empty() && !form.id_last;
    std::string call = literal("{");
    if (id_first) call += fmt::format(" {} id \"\\\",\" space", literal(id));
    call += fmt::format(" space {} space {} {}", literal(name + ","),
                        literal(fmt::format("\"{}\": ", form.arguments_key)), arguments);
    if (!id.empty() && form.id_last) call += fmt::format(" ({} id \"\\\"\")?", literal(", " + id));
    return call + " space \"}\"";
  });
  writer.rule("space", R"(( " " | "\n" " "* )?)");
  if (!form.id_key.empty()) writer.rule("id", "[a-zA-Z0-9] [a-zA-Z0-9]*");
  const std::string open =
      literal(form.marker) + " space " + (form.opening.empty() ? "" : literal(form.opening) + " space ");
  const std::string close = form.closing.empty() ? "" : " space " + literal(form.closing);
  writer.rule("call", tools);
  if (form.list) {
    writer.rule("root", open + "\"[\" space " + writer.some("call", "\",\" space") + " space \"]\"" + close);
  } else if (form.bare) {
    writer.rule("root", "call");
  } else {
    writer.rule("one", open + "call" + close);
    writer.rule("root", form.repeated ? writer.some("one", "space") : "one");
  }
  return writer.finish({std::string(form.marker)});
}

}  // namespace rocmforge::text
