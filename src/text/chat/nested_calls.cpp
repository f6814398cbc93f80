// Reads MiniMax M3's calls, in which values are nested tags, each preceded by a control token.
#include "text/chat/marker_scanner.h"
#include "text/chat/written_calls.h"

namespace rocmforge::text {
namespace {

constexpr std::string_view kToken = "]<]minimax[>[";
constexpr std::string_view kItem = "item";

struct Element {
  std::string text;     // the text before the first inner tag or the closing tag
  std::string members;  // members of the JSON array or object, joined by commas
  bool nested = false;
  bool all_items = true;
};

// Returns an element's text and children as the JSON that the schema asks for.
std::string element_json(const Element& element, ValueKinds allowed, int levels) {
  if (element.nested) {
    const bool array = element.all_items && (allowed & kArrayKind) != 0;
    return (array ? "[" : "{") + element.members + (array ? "]" : "}");
  }
  if (element.text.empty()) {  // an empty element has no inner tags
    if (allowed == kArrayKind) return "[]";
    if (allowed == kObjectKind) return "{}";
  }
  return argument_json(element.text, allowed, levels);
}

// Reads a tag after its token, including the closing bracket, and returns its name; "/name" for a closing tag.
Task<std::optional<std::string>> read_tag(CallReader& reader) {
  const bool open = co_await reader.literal("<");
  if (!open) co_return std::nullopt;
  std::optional<std::string> name = co_await reader.until(">");
  co_return name;
}

// Reads an element after its opening tag, up to the end of the closing tag.
Task<bool> read_element(CallReader& reader, SchemaView schema, const std::string& name, int levels, std::string& json) {
  ValueKinds allowed = kinds_of(schema);
  Element element;
  for (;;) {
    MarkerScanner token({kToken});
    std::string text;
    for (bool found = false; !found;) {
      const int byte = co_await reader.peek();
      if (byte == CallReader::kEnd) co_return false;
      reader.take();
      found = token.step(static_cast<char>(byte), text) != MarkerScanner::kNone;
    }
    const bool blank = trimmed(text).empty();
    if (element.nested && !blank) co_return false;
    if (!element.nested) element.text = text;
    const std::optional<std::string> tag = co_await read_tag(reader);
    if (!tag || tag->empty()) co_return false;
    if (tag->front() == '/') {
      if (std::string_view(*tag).substr(1) != name) co_return false;
      break;
    }
    if (!blank || levels == 0) co_return false;
    if ((allowed & (kArrayKind | kObjectKind)) == 0) allowed = kAnyKind;  // trust the model rather than the schema
    const bool item = *tag == kItem;
    // The tags are items of an array, unless the schema asks for an object or other keys came before.
    const bool in_array = item && element.all_items && (allowed & kArrayKind) != 0;
    if (element.nested && element.all_items && !item) co_return false;
    element.all_items = element.all_items && in_array;
    element.members += element.nested ? ", " : "";
    if (!in_array) element.members += json_string_literal(*tag) + ": ";
    element.nested = true;
    const SchemaView child = in_array ? items_of(schema) : property_of(schema, *tag);
    const bool read = co_await read_element(reader, child, *tag, levels - 1, element.members);
    if (!read) co_return false;
  }
  json += element_json(element, allowed, levels);
  co_return true;
}

// Reads a call after <invoke name=".
Task<bool> read_call(CallReader& reader) {
  const std::optional<std::string> name = co_await reader.name();
  if (!name) co_return false;
  const bool named = co_await reader.literal("\">");
  if (!named) co_return false;
  reader.begin_call(*name);
  std::string json = "{";
  for (bool first = true;; first = false) {
    co_await reader.next_visible();
    const bool token = co_await reader.literal(kToken);
    if (!token) co_return false;
    const std::optional<std::string> tag = co_await read_tag(reader);
    if (!tag || tag->empty()) co_return false;
    if (*tag == "/invoke") break;
    if (tag->front() == '/') co_return false;
    json += (first ? "" : ", ") + json_string_literal(*tag) + ": ";
    const SchemaView schema = reader.tools().parameter(*name, *tag);
    const bool read = co_await read_element(reader, schema, *tag, kJsonMaxDepth - 2, json);
    if (!read) co_return false;
    reader.arguments(json);
    json.clear();
  }
  reader.arguments(json + "}");
  reader.end_call();
  co_return true;
}

}  // namespace

Task<bool> read_nested_calls(CallReader& reader) {
  for (bool first = true;; first = false) {
    const int next = co_await reader.next_visible();
    if (next == CallReader::kEnd) co_return !first;
    const bool token = co_await reader.literal(kToken);
    if (!token) co_return false;
    const int found = co_await reader.either("<invoke name=\"", "</tool_call>");
    if (found == 1) co_return !first;
    if (found < 0) co_return false;
    const bool read = co_await read_call(reader);
    if (!read) co_return false;
  }
}

// The grammar does not hold the values' tags to the schema, because the rules for JSON cannot express nested tags.
ReplyGrammar nested_calls_grammar(const CallRules& rules) {
  GrammarWriter writer(rules);
  const auto literal = GrammarWriter::literal;
  const std::string token(kToken);
  writer.rule("name", "[^<>/ \\n] [^<> \\n]*");
  writer.rule("closing", "\"</\" name \">\"");
  writer.rule("element", literal(token + "<") + " name \">\" (" + writer.text_until(token) +
                             " closing | element element* " + literal(token) + " closing)");
  const std::string tools = writer.any_tool([&](const ToolDeclaration& tool, const std::string&) {
    return literal(token + "<invoke name=\"" + tool.name + "\">") + " element* " + literal(token + "</invoke>");
  });
  writer.rule("call", tools);
  writer.rule("root", literal(kNestedMarker) + " \"\\n\" " + writer.some("call", "\"\\n\"") + " \"\\n\" " +
                          literal(token + "</tool_call>"));
  return writer.finish({std::string(kNestedMarker)});
}

}  // namespace rocmforge::text
