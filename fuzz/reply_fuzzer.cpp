// Fuzzes replies: arbitrary bytes as a model's reply in every form. The events must not depend on how the reply is
// split, and calls must be JSON.
//
// Input: the form (1 byte), the options (1 byte), a seed for the splits (1 byte), the reply.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"
#include "text/chat/reply_forms.h"

namespace rocmforge {
namespace {

using text::ReplyEvent;
using text::ReplyForm;
using text::ReplyOptions;
using Kind = ReplyEvent::Kind;

void demand(bool condition) {
  if (!condition) std::abort();
}

ReplyOptions options_of(unsigned bits) {
  ReplyOptions options;
  options.reasoning_open = (bits & 1) != 0;
  options.parse_reasoning = (bits & 2) == 0;
  options.parse_tools = (bits & 4) == 0;
  if ((bits & 8) != 0) {
    options.tools = {{"f", R"({"properties": {"s": {"type": "string"}, "n": {"type": "integer"}, "a": {"type": "array"},
                               "o": {"type": "object"}, "b": {"type": ["boolean", "null"]}}})"},
                     {"g", ""}};
  }
  return options;
}

bool joins(Kind kind) { return kind == Kind::kText || kind == Kind::kReasoning || kind == Kind::kCallArguments; }

std::vector<ReplyEvent> joined(const std::vector<ReplyEvent>& events) {
  std::vector<ReplyEvent> out;
  for (const ReplyEvent& event : events) {
    const bool same = !out.empty() && out.back().kind == event.kind && out.back().call == event.call;
    if (same && joins(event.kind)) {
      out.back().text += event.text;
    } else {
      out.push_back(event);
    }
  }
  return out;
}

// Parses the reply, split after each byte that the seed selects; 0 splits nowhere and 1 everywhere.
std::vector<ReplyEvent> parse(const ReplyForm& form, const ReplyOptions& options, std::string_view reply,
                              unsigned seed) {
  const auto parser = form.parser(options);
  std::vector<ReplyEvent> events;
  std::size_t begin = 0;
  std::uint32_t random = seed;
  for (std::size_t end = 1; end <= reply.size(); ++end) {
    random = random * 1664525u + 1013904223u;
    if (seed == 0 || (seed > 1 && random >> 30 != 0)) continue;
    parser->feed(reply.substr(begin, end - begin), events);
    begin = end;
  }
  parser->feed(reply.substr(begin), events);
  parser->finish(events);
  return joined(events);
}

void check(const std::vector<ReplyEvent>& events) {
  std::string arguments;
  bool open = false;
  int calls = 0;
  for (const ReplyEvent& event : events) {
    if (event.kind == Kind::kCallBegin) {
      demand(!open && event.call == calls++ && !event.name.empty() && !event.id.empty());
      open = true;
      arguments.clear();
    } else if (event.kind == Kind::kCallArguments) {
      demand(open && event.call == calls - 1);
      arguments += event.text;
    } else if (event.kind == Kind::kCallEnd) {
      demand(open && parse_json(arguments, "arguments").is_object());
      open = false;
    } else if (event.kind == Kind::kCallWithdrawn) {
      demand(open);
      open = false;
    } else {
      demand(!event.text.empty());
    }
  }
  demand(!open);
}

}  // namespace
}  // namespace rocmforge

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rocmforge;
  if (size < 3) return 0;
  const auto forms = text::reply_forms();
  const ReplyForm& form = forms[data[0] % forms.size()];
  const ReplyOptions options = options_of(data[1]);
  const std::string_view reply(reinterpret_cast<const char*>(data) + 3, size - 3);
  const std::vector<ReplyEvent> whole = parse(form, options, reply, 0);
  check(whole);
  demand(parse(form, options, reply, 1) == whole);
  demand(parse(form, options, reply, data[2]) == whole);
  if (form.name == "plain") {
    demand(reply.empty() ? whole.empty() : whole.size() == 1 && whole.front().text == reply);
  }
  return 0;
}
