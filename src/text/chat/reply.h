// Splits a model's reply into text, reasoning and tool calls while it is generated.
//
// A parser reads one reply. It is fed pieces in order, split at any byte, and finish() ends the reply. The events do
// not depend on how the reply was split, once adjacent events of one kind and call are joined. The parser holds back at
// most what may still become a marker, white space that a marker would absorb, or the call being read.
//
// White space: reasoning is trimmed at both ends. White space before a marker is dropped, and so is white space after
// reasoning and, if the form has reasoning, at the beginning. After a call it is kept only between two texts.
//
// A call that does not follow its form is not a call: if it had begun, kCallWithdrawn follows, and everything read for
// it is emitted as text, byte for byte. A call is accepted as soon as its own closing marker has arrived, or if
// generation ends after complete arguments. If the form has no ids, they are call_0, call_1, ... within a reply;
// Mistral's forms require nine letters or digits and get call00000 and so on.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace rocmforge::text {

struct ReplyEvent {
  enum class Kind {
    kText,
    kReasoning,
    kCallBegin,      // with `name` and `id`
    kCallArguments,  // `text` is a piece of the arguments; joined they are a JSON object
    kCallEnd,
    kCallWithdrawn,
  };
  Kind kind = Kind::kText;
  int call = -1;  // number of the call in the reply, from 0, including withdrawn ones
  std::string text;
  std::string name;
  std::string id;

  bool operator==(const ReplyEvent&) const = default;
};

struct ToolDeclaration {
  std::string name;
  std::string parameters;  // the JSON schema of the arguments; empty means unknown
};

struct ReplyOptions {
  bool reasoning_open = false;  // the prompt ended inside the reasoning: see reasoning_open() in reply_forms.h
  bool parse_reasoning = true;  // if false, reasoning is text, including its markers
  bool parse_tools = true;      // if false, calls are text
  std::vector<ToolDeclaration> tools;
};

// Text need not be UTF-8; its bytes pass through unchanged. Arguments are always UTF-8.
class ReplyParser {
 public:
  ReplyParser() = default;
  ReplyParser(const ReplyParser&) = delete;
  ReplyParser& operator=(const ReplyParser&) = delete;
  virtual ~ReplyParser() = default;

  // Both functions append to `events`.
  virtual void feed(std::string_view piece, std::vector<ReplyEvent>& events) = 0;
  virtual void finish(std::vector<ReplyEvent>& events) = 0;
};

}  // namespace rocmforge::text
