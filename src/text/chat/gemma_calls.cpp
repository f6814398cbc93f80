// Reads Gemma 4's calls, in which keys are bare and a control token is the quotation mark.
#include "text/chat/marker_scanner.h"
#include "text/chat/written_calls.h"

#include "base/utf8.h"

namespace rocmforge::text {
namespace {

constexpr std::string_view kQuote = "<|\"|>";
constexpr std::string_view kClosing = "<tool_call|>";
constexpr std::size_t kLongestNumber = 400;  // of a number

// Reads a string after its opening quote and writes it as a JSON literal.
Task<bool> read_text(CallReader& reader) {
  MarkerScanner closing({kQuote});
  std::string bytes;
  std::string characters;
  reader.arguments("\"");
  for (bool ended = false; !ended;) {
    const int byte = co_await reader.peek();
    if (byte == CallReader::kEnd) co_return false;
    reader.take();
    ended = closing.step(static_cast<char>(byte), bytes) != MarkerScanner::kNone;
    take_utf8(bytes, characters);
    reader.arguments(json_escaped(characters));
    characters.clear();
  }
  reader.arguments(json_escaped(bytes) + "\"");
  co_return true;
}

Task<bool> read_word(CallReader& reader) {
  std::string word;
  for (;;) {
    const int byte = co_await reader.peek();
    if (byte == CallReader::kEnd || byte == ',' || byte == '}' || byte == ']' || byte == '<' || is_space(byte)) break;
    if (word.size() == kLongestNumber) co_return false;
    reader.take();
    word += static_cast<char>(byte);
  }
  if (word == "None") word = "null";
  if (!read_json(word)) co_return false;
  reader.arguments(word);
  co_return true;
}

// Reads a key, bare or in quotes, and its colon.
Task<bool> read_key(CallReader& reader, int first) {
  if (first == '<') {
    const bool open = co_await reader.literal(kQuote);
    if (!open) co_return false;
    const bool read = co_await read_text(reader);
    if (!read) co_return false;
    const bool colon = co_await reader.literal(":");
    reader.arguments(": ");
    co_return colon;
  }
  const std::optional<std::string> key = co_await reader.until(":");
  if (!key || key->empty()) co_return false;
  reader.arguments(json_string_literal(*key) + ": ");
  co_return true;
}

Task<bool> read_gemma_value(CallReader& reader, int levels);

// Reads the members after the opening bracket, up to and including the closing one.
Task<bool> read_members(CallReader& reader, char closing, int levels) {
  const char opening = closing == '}' ? '{' : '[';
  reader.arguments(std::string_view(&opening, 1));
  for (bool first = true;; first = false) {
    int byte = co_await reader.next_visible();
    if (byte == closing) break;
    if (!first) {
      if (byte != ',') co_return false;
      reader.take();
      reader.arguments(", ");
      byte = co_await reader.next_visible();
    }
    if (closing == '}') {
      const bool key = co_await read_key(reader, byte);
      if (!key) co_return false;
    }
    const bool value = co_await read_gemma_value(reader, levels - 1);
    if (!value) co_return false;
  }
  reader.take();
  reader.arguments(std::string_view(&closing, 1));
  co_return true;
}

Task<bool> read_gemma_value(CallReader& reader, int levels) {
  const int first = co_await reader.next_visible();
  bool read = false;
  if (first == '<') {
    const bool open = co_await reader.literal(kQuote);
    if (!open) co_return false;
    read = co_await read_text(reader);
  } else if (first == '{' || first == '[') {
    if (levels == 0) co_return false;
    reader.take();
    read = co_await read_members(reader, first == '{' ? '}' : ']', levels);
  } else {
    read = co_await read_word(reader);
  }
  co_return read;
}

}  // namespace

Task<bool> read_gemma_call(CallReader& reader) {
  co_await reader.next_visible();
  const bool begun = co_await reader.literal("call:");
  if (!begun) co_return false;
  const std::optional<std::string> name = co_await reader.name();
  if (!name) co_return false;
  const bool open = co_await reader.literal("{");
  if (!open) co_return false;
  reader.begin_call(*name);
  const bool read = co_await read_members(reader, '}', kJsonMaxDepth);
  if (!read) co_return false;
  const bool closed = co_await reader.closing(kClosing);
  if (closed) reader.end_call();
  co_return closed;
}

ReplyGrammar gemma_calls_grammar(const CallRules& rules) {
  GrammarWriter writer(rules);
  const auto literal = GrammarWriter::literal;
  writer.rule("text", literal(kQuote) + " " + writer.text_until(kQuote));
  const std::string tools = writer.any_tool(
      [&](const ToolDeclaration& tool, const std::string&) { return literal("call:" + tool.name) + " object"; });
  writer.rule("call", literal(kGemmaMarker) + " " + tools + " " + literal(kClosing));
  writer.rule("root", writer.some("call", "\"\\n\"?"));
  writer.rules_text(R"(object ::= "{" (member ("," member)*)? "}"
member ::= [^:<{},]+ ":" value
value ::= text | number | "true" | "false" | "None" | object | "[" (value ("," value)*)? "]"
number ::= "-"? [0-9] [0-9]* ("." [0-9] [0-9]*)? ([eE] [-+]? [0-9] [0-9]*)?
)");
  return writer.finish({std::string(kGemmaMarker)});
}

}  // namespace rocmforge::text
