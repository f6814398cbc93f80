#include "text/chat/tagged_calls.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/utf8.h"
#include "text/chat/marker_scanner.h"

namespace rocmforge::text {
namespace {

constexpr std::string_view kCdata = "<![CDATA[";
constexpr std::string_view kCdataEnd = "]]>";

// Receives a parameter's value. A string goes straight into the arguments; any other value is held until it is
// complete.
class Value {
 public:
  Value(CallReader& reader, ValueKinds allowed, bool own_lines)
      : reader_(reader), allowed_(allowed), own_lines_(own_lines), begin_(own_lines) {
    if (streams()) reader_.arguments("\"");
  }

  void add(std::string_view text) {
    if (text.empty()) return;
    if (begin_ && text.starts_with('\n')) text.remove_prefix(1);
    begin_ = false;
    // The newline before the closing tag is not part of the value.
    std::string whole = (newline_ ? "\n" : "") + std::string(text);
    newline_ = own_lines_ && whole.ends_with('\n');
    if (newline_) whole.pop_back();
    bytes_ += whole;
    if (!streams()) return;
    std::string characters;
    take_utf8(bytes_, characters);
    reader_.arguments(json_escaped(characters));
  }

  void end() {
    if (streams()) {
      reader_.arguments(json_escaped(bytes_));
      reader_.arguments("\"");
    } else {
      reader_.arguments(argument_json(bytes_, allowed_));
    }
  }

 private:
  bool streams() const { return allowed_ == kStringKind; }

  CallReader& reader_;
  ValueKinds allowed_;
  bool own_lines_;
  bool begin_;
  bool newline_ = false;
  std::string bytes_;
};

// Reads a value up to and including the closing tag.
Task<bool> read_value(CallReader& reader, const TaggedCalls& form, ValueKinds allowed) {
  Value value(reader, allowed, form.own_lines);
  std::string begun;  // the part of a CDATA wrapper that has been read
  while (form.cdata && begun.size() < kCdata.size()) {
    const int byte = co_await reader.peek();
    if (byte != kCdata[begun.size()]) break;
    reader.take();
    begun += static_cast<char>(byte);
  }
  const bool wrapped = begun == kCdata;
  MarkerScanner closing({wrapped ? kCdataEnd : form.parameter_end});
  std::string text;
  if (!wrapped) {
    for (const char byte : begun) closing.step(byte, text);
  }
  for (bool ended = false; !ended;) {
    const int byte = co_await reader.peek();
    if (byte == CallReader::kEnd) co_return false;
    reader.take();
    ended = closing.step(static_cast<char>(byte), text) != MarkerScanner::kNone;
    value.add(text);
    text.clear();
  }
  value.end();
  if (!wrapped) co_return true;
  const bool closed = co_await reader.literal(form.parameter_end);
  co_return closed;
}

// Reads a parameter after the beginning of its tag.
Task<bool> read_parameter(CallReader& reader, const TaggedCalls& form, const std::string& tool, bool first) {
  const std::optional<std::string> key = co_await reader.until(form.key_end);
  if (!key || key->empty()) co_return false;
  ValueKinds allowed = kinds_of(reader.tools().parameter(tool, *key));
  if (form.string_flag) {
    const int flag = co_await reader.either("true\">", "false\">");
    if (flag < 0) co_return false;
    allowed = flag == 0 ? kStringKind : kAnyKind & ~kStringKind;
  }
  if (!form.value.empty()) {
    co_await reader.next_visible();
    const bool begun = co_await reader.literal(form.value);
    if (!begun) co_return false;
  }
  reader.arguments((first ? "" : ", ") + json_string_literal(*key) + ": ");
  const bool read = co_await read_value(reader, form, allowed);
  co_return read;
}

// Reads a call after the text that precedes the tool's name.
Task<bool> read_tagged_call(CallReader& reader, const TaggedCalls& form) {
  if (form.name_end.empty()) co_await reader.next_visible();
  const std::optional<std::string> name = co_await reader.name();
  if (!name) co_return false;
  const bool named = co_await reader.literal(form.name_end);
  if (!named) co_return false;
  bool begun = false;
  for (bool first = true;; first = false) {
    co_await reader.next_visible();
    const int found = co_await reader.either(form.parameter, form.call_end);
    if (found < 0) co_return false;
    if (!begun) {
      reader.begin_call(*name);
      reader.arguments("{");
      begun = true;
    }
    if (found == 1) break;
    const bool read = co_await read_parameter(reader, form, *name, first);
    if (!read) co_return false;
  }
  reader.arguments("}");
  reader.end_call();
  co_return true;
}

// Returns a parameter's expression: its tags, and between them what its schema allows.
std::string parameter_expression(GrammarWriter& writer, const TaggedCalls& form, const std::string& rule,
                                 const std::string& key, const nlohmann::json* schema) {
  const auto literal = GrammarWriter::literal;
  const bool is_string = kinds_of(schema) == kStringKind;
  std::string head = literal(std::string(form.parameter) + key + std::string(form.key_end));
  if (form.string_flag) head += is_string ? R"( "true\">")" : R"( "false\">")";
  if (!form.value.empty()) head += " space " + literal(form.value);
  const std::string newline = form.own_lines ? "\n" : "";
  if (!newline.empty()) head += " \"\\n\"";
  const std::string end = newline + std::string(form.parameter_end);
  // Some templates print booleans as Python does.
  if (kinds_of(schema) == kBooleanKind) return head + R"( ("true" | "false" | "True" | "False") )" + literal(end);
  if (!is_string) {
    return head + " " + writer.json(rule, schema == nullptr ? "" : dump_json(*schema)) + " " + literal(end);
  }
  const std::string plain = writer.text_until(end);
  if (!form.cdata) return head + " " + plain;
  return head + " (" + literal(kCdata) + " " + writer.text_until("]]>" + end) + " | " + plain + ")";
}

// Returns the expression of the declared parameters in their order; optional ones may be absent.
std::string parameters_expression(GrammarWriter& writer, const TaggedCalls& form, const ToolSchemas& schemas,
                                  const ToolDeclaration& tool, const std::string& number) {
  const SchemaView schema = schemas.parameters(tool.name);
  const auto properties =
      schema == nullptr || !schema->is_object() ? nlohmann::json() : schema->value("properties", nlohmann::json());
  if (!properties.is_object() || properties.empty()) {
    writer.rule("any-parameter-" + number,
                GrammarWriter::literal(form.parameter) + " " + writer.text_until(form.parameter_end));
    return "(any-parameter-" + number + " space)*";
  }
  const nlohmann::ordered_json ordered =
      parse_ordered_json(tool.parameters, "parameters").value("properties", nlohmann::ordered_json());
  std::string expression;
  int index = 0;
  for (const auto& [key, value] : ordered.items()) {
    const std::string rule = "parameter-" + number + "-" + std::to_string(index++);
    writer.rule(rule, parameter_expression(writer, form, rule + "-value", key, property_of(schema, key)));
    const bool required = schema->contains("required") && (*schema)["required"].is_array() &&
                          std::ranges::find((*schema)["required"], nlohmann::json(key)) != (*schema)["required"].end();
    expression += (expression.empty() ? "(" : " (") + rule + " space)" + (required ? "" : "?");
  }
  return expression;
}

}  // namespace

Task<bool> read_tagged_calls(CallReader& reader, const TaggedCalls& form) {
  return read_calls(reader, form, read_tagged_call);
}

ReplyGrammar tagged_calls_grammar(const TaggedCalls& form, const CallRules& rules) {
  GrammarWriter writer(rules);
  const ToolSchemas schemas(rules.tools);
  const auto literal = GrammarWriter::literal;
  writer.rule("space", R"([ \n]? [ \n]?)");
  const std::string tools = writer.any_tool([&](const ToolDeclaration& tool, const std::string& number) {
    return literal(std::string(form.call) + tool.name + std::string(form.name_end)) + " space " +
           parameters_expression(writer, form, schemas, tool, number) + " " + literal(form.call_end);
  });
  writer.rule("call", tools);
  const std::string calls = form.one_in_section ? "call" : writer.some("call", "space");
  writer.rule("section", form.section.empty()
                             ? "call"
                             : literal(form.section) + " space " + calls + " space " + literal(form.section_end));
  writer.rule("root", form.one_in_section ? writer.some("section", "space") : "section");
  return writer.finish({std::string(form.marker())});
}

}  // namespace rocmforge::text
