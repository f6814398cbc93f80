// What a model's reply is made of: text, reasoning and calls of tools, found in the text while it is generated.
//
// A parser reads one reply. It is fed pieces in order, cut anywhere, and finish() says that generation has ended; the
// events do not depend on the cuts, once neighbours of one kind and call are joined. What it holds back is at most what
// could still become a marker, white space that a marker would swallow, or the call under way.
//
// White space: reasoning is trimmed at both ends. White space before a marker is dropped, and so is that after
// reasoning or, in a form that has reasoning, at the beginning. After a call it is kept only where text follows text.
//
// A call that breaks its form is no call: kCallWithdrawn follows if it had begun, and all that was read for it comes as
// text, byte for byte. A call counts as soon as its own closing has come, or generation ends after complete arguments.
// Ids that the form does not give are call_0, call_1, ... within a reply, and for Mistral's, which want nine letters or
// digits, call00000 and so on.
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
    kCallArguments,  // `text` is a piece of the arguments, which join to a JSON object
    kCallEnd,
    kCallWithdrawn,
  };
  Kind kind = Kind::kText;
  int call = -1;  // the calls of a reply count from 0, withdrawn ones too
  std::string text;
  std::string name;
  std::string id;

  bool operator==(const ReplyEvent&) const = default;
};

struct ToolDeclaration {
  std::string name;
  std::string parameters;  // the JSON schema of the arguments; empty: nothing is known of them
};

struct ReplyOptions {
  bool reasoning_open = false;  // the prompt ended inside the reasoning: see reasoning_open() in reply_forms.h
  bool parse_reasoning = true;  // otherwise it is text, markers and all
  bool parse_tools = true;      // otherwise calls are text
  std::vector<ToolDeclaration> tools;
};

// Text need not be UTF-8: its bytes pass through. Arguments are always UTF-8.
class ReplyParser {
 public:
  ReplyParser() = default;
  ReplyParser(const ReplyParser&) = delete;
  ReplyParser& operator=(const ReplyParser&) = delete;
  virtual ~ReplyParser() = default;

  // Both append to `events`.
  virtual void feed(std::string_view piece, std::vector<ReplyEvent>& events) = 0;
  virtual void finish(std::vector<ReplyEvent>& events) = 0;
};

}  // namespace rocmforge::text
