// Parses the Harmony format. A message is [<|start|>assistant][ to=functions.NAME][<|channel|>CHANNEL[
// to=functions.NAME][ <|constrain|>json]] <|message|>TEXT and one of <|end|>, <|call|>, <|return|>. The prompt ends
// with <|start|>assistant.
//
// The channel "analysis" is reasoning; a message with a recipient is a call; all others are text.
#include "text/chat/harmony_reply.h"

#include <utility>

#include "text/chat/marker_scanner.h"
#include "text/chat/stream_parser.h"

namespace rocmforge::text {
namespace {

constexpr std::string_view kMessage = "<|message|>";
constexpr std::string_view kChannel = "<|channel|>";
constexpr std::string_view kStart = "<|start|>";
constexpr std::string_view kRecipient = " to=";
constexpr std::string_view kFunctions = "functions.";
constexpr std::size_t kHeaderLimit = 1024;

struct Header {
  std::string_view channel;
  std::string_view recipient;
};

// Returns the word after `before`, up to a space or a control token.
std::string_view word_after(std::string_view header, std::string_view before) {
  const std::size_t at = header.find(before);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = header.substr(at + before.size());
  return rest.substr(0, rest.find_first_of(" \n<"));
}

class HarmonyReply : public StreamParser {
 public:
  explicit HarmonyReply(const ReplyOptions& options)
      : StreamParser(options, GeneratedIds::kNumbered),
        reasoning_open_(options.reasoning_open),
        parse_reasoning_(options.parse_reasoning),
        parse_tools_(options.parse_tools) {}

 private:
  enum Found { kStartFound, kChannelFound, kRecipientFound, kEndFound, kCallFound, kReturnFound, kNothing };
  // kRaw: text that is not parsed, including its markers.
  enum class Body { kText, kReasoning, kRaw };

  Task<bool> run() override;
  Task<Found> read_body(Body body);
  Task<Body> read_message(std::string_view begun);
  Task<bool> read_call(std::string name);

  bool reasoning_open_;
  bool parse_reasoning_;
  bool parse_tools_;
  bool text_written_ = false;
  bool reasoning_written_ = false;
};

Task<bool> HarmonyReply::run() {
  Body body = !reasoning_open_ ? Body::kText : parse_reasoning_ ? Body::kReasoning : Body::kRaw;
  for (;;) {
    const Found found = co_await read_body(body);
    body = Body::kText;
    if (found == kNothing) break;
    if (found == kStartFound) body = co_await read_message(kStart);
    if (found == kChannelFound) body = co_await read_message(kChannel);
    if (found == kRecipientFound) body = co_await read_message(kRecipient);
  }
  writer().finish();
  co_return true;
}

// Reads text or reasoning, up to a marker that ends a message or begins one.
Task<HarmonyReply::Found> HarmonyReply::read_body(Body body) {
  constexpr std::string_view kEnds[] = {"<|end|>", "<|call|>", "<|return|>"};
  MarkerScanner scanner({kStart, kChannel, kRecipient, kEnds[0], kEnds[1], kEnds[2]});
  const auto enabled = [&](int number) { return number != kRecipientFound || (parse_tools_ && writer().untouched()); };
  // Messages of one kind are separated by a line break, because their text is joined.
  bool& written = body == Body::kReasoning ? reasoning_written_ : text_written_;
  bool begins = written && body != Body::kRaw;
  const auto write = [&](std::string_view text) {
    if (text.empty()) return;
    written = written || body != Body::kRaw;
    if (std::exchange(begins, false)) writer().line_break();
    if (body == Body::kReasoning) {
      writer().reasoning(text);
    } else {
      writer().text(text);
    }
  };
  std::string text;
  Found found = kNothing;
  while (found == kNothing) {
    const int byte = co_await stream().peek();
    if (byte == ByteStream::kEnd) break;
    stream().take();
    const int number = scanner.step(static_cast<char>(byte), text, enabled);
    if (!text.empty()) write(text);
    text.clear();
    if (number != MarkerScanner::kNone) found = static_cast<Found>(number);
  }
  write(scanner.take_held());
  if (body == Body::kReasoning) writer().reasoning_ended();
  if (found == kEndFound || found == kCallFound || found == kReturnFound) {
    if (body == Body::kRaw) write(kEnds[found - kEndFound]);
    if (body == Body::kText) writer().marker();
  }
  co_return found;
}

// Reads a header after its first marker, up to the message, and also the message if it is a call. What follows must be
// read as the returned kind of body.
Task<HarmonyReply::Body> HarmonyReply::read_message(std::string_view begun) {
  stream().record(writer().take_space() + std::string(begun));
  std::string header(begun);
  MarkerScanner end({kMessage});
  for (bool ended = false; !ended;) {
    const int byte = co_await stream().peek();
    if (byte == ByteStream::kEnd || header.size() > kHeaderLimit) {
      writer().withdraw(stream().stop_recording());
      co_return Body::kText;
    }
    stream().take();
    ended = end.step(static_cast<char>(byte), header) != MarkerScanner::kNone;
  }
  const std::string_view recipient = word_after(header, kRecipient);
  const bool is_reasoning = recipient.empty() && word_after(header, kChannel) == "analysis";
  if (!recipient.empty() && parse_tools_) {
    std::string name(recipient.starts_with(kFunctions) ? recipient.substr(kFunctions.size()) : recipient);
    const bool well_formed = co_await read_call(std::move(name));
    const std::string record = stream().stop_recording();
    if (!well_formed) writer().withdraw(record);
    co_return Body::kText;
  }
  const std::string record = stream().stop_recording();
  if (!recipient.empty() || (is_reasoning && !parse_reasoning_)) {
    writer().text(record);
    co_return Body::kRaw;
  }
  writer().marker();
  co_return is_reasoning ? Body::kReasoning : Body::kText;
}

Task<bool> HarmonyReply::read_call(std::string name) {
  if (name.empty()) co_return false;
  const int first = co_await reader().next_visible();
  if (first != '{') co_return false;
  reader().begin_call(name);
  const bool read = co_await reader().json_arguments();
  if (!read) co_return false;
  // Models may close a call like any other message.
  const int next = co_await reader().next_visible();
  const int closed = next == CallReader::kEnd ? 0 : co_await reader().either("<|call|>", "<|end|>");
  if (closed >= 0) reader().end_call();
  co_return closed >= 0;
}

}  // namespace

std::unique_ptr<ReplyParser> harmony_parser(const ReplyOptions& options) {
  return std::make_unique<HarmonyReply>(options);
}

ReplyGrammar harmony_grammar(const CallRules& rules) {
  GrammarWriter writer(rules);
  const auto literal = GrammarWriter::literal;
  const std::string tools = writer.any_tool([&](const ToolDeclaration& tool, const std::string& number) {
    const std::string to = literal(" to=functions." + tool.name);
    return "(" + literal(kChannel) + " (\"commentary\" | \"analysis\") " + to +
           R"( (" json" | " <|constrain|>json" | "<|constrain|>json")? | )" + to + " " + literal(kChannel) +
           R"( ("commentary" | "analysis") (" json" | " <|constrain|>json")?) )" + literal(kMessage) + " " +
           writer.json("arguments-" + number, tool.parameters);
  });
  writer.rule("call", tools);
  writer.rule("root", "(\"<|start|>assistant\")? call \"<|call|>\"");
  return writer.finish({std::string(kChannel) + "commentary to=", std::string(kRecipient) + std::string(kFunctions)});
}

}  // namespace rocmforge::text
