// Parses replies whole and in pieces, and describes their events in a form that is easy to compare.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "text/chat/reply_forms.h"

namespace rocmforge::testing {

using text::ReplyEvent;
using text::ReplyForm;
using text::ReplyOptions;
using Kind = ReplyEvent::Kind;

// Joins adjacent events of one kind and call.
inline std::vector<ReplyEvent> joined(const std::vector<ReplyEvent>& events) {
  std::vector<ReplyEvent> out;
  for (const ReplyEvent& event : events) {
    const bool joins =
        event.kind == Kind::kText || event.kind == Kind::kReasoning || event.kind == Kind::kCallArguments;
    if (joins && !out.empty() && out.back().kind == event.kind && out.back().call == event.call) {
      out.back().text += event.text;
    } else {
      out.push_back(event);
    }
  }
  return out;
}

inline std::vector<ReplyEvent> parse_pieces(const ReplyForm& form, const ReplyOptions& options,
                                            const std::vector<std::string_view>& pieces) {
  const auto parser = form.parser(options);
  std::vector<ReplyEvent> events;
  for (const std::string_view piece : pieces) parser->feed(piece, events);
  parser->finish(events);
  return joined(events);
}

inline std::vector<ReplyEvent> parse_reply(const ReplyForm& form, const ReplyOptions& options, std::string_view reply) {
  return parse_pieces(form, options, {reply});
}

// Describes events as [reasoning:...] [text:...] [get_weather call_0 {"city": "Zürich"}] [withdrawn get_weather call_0
// {"city"]
inline std::string described(const std::vector<ReplyEvent>& events) {
  std::string out;
  std::string call;
  for (const ReplyEvent& event : events) {
    switch (event.kind) {
      case Kind::kText: out += "[text:" + event.text + "]"; break;
      case Kind::kReasoning: out += "[reasoning:" + event.text + "]"; break;
      case Kind::kCallBegin: call = event.name + " " + event.id; break;
      case Kind::kCallArguments: call += " " + event.text; break;
      case Kind::kCallEnd: out += "[" + call + "]"; break;
      case Kind::kCallWithdrawn: out += "[withdrawn " + call + "]"; break;
    }
  }
  return out;
}

inline const ReplyForm& form_named(std::string_view name) {
  const ReplyForm* form = text::find_reply_form(name);
  EXPECT_NE(form, nullptr) << name;
  return form == nullptr ? text::reply_forms().back() : *form;
}

// Checks that the events are the same if the reply is fed byte by byte, with empty pieces between, and with every
// single split.
inline void expect_same_in_pieces(const ReplyForm& form, const ReplyOptions& options, std::string_view reply) {
  const std::vector<ReplyEvent> whole = parse_reply(form, options, reply);
  std::vector<std::string_view> bytes;
  for (std::size_t i = 0; i < reply.size(); ++i) bytes.insert(bytes.end(), {{}, reply.substr(i, 1)});
  ASSERT_EQ(described(parse_pieces(form, options, bytes)), described(whole)) << form.name << ": " << reply;
  for (std::size_t cut = 1; cut < reply.size(); ++cut) {
    const auto events = parse_pieces(form, options, {reply.substr(0, cut), reply.substr(cut)});
    ASSERT_EQ(events, whole) << form.name << " cut at " << cut << ": " << reply << "\n" << described(events);
  }
}

inline ReplyOptions with_tools() {
  ReplyOptions options;
  options.tools = {{"get_weather",
                    R"({"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"},
           "exact": {"type": "boolean"}, "hours": {"type": "array", "items": {"type": "integer"}},
           "style": {"type": "object", "properties": {"unit": {"type": "string"}, "wind": {"type": "number"}}}},
           "required": ["city"]})"},
                   {"get_time", R"({"type": "object", "properties": {}})"}};
  return options;
}

}  // namespace rocmforge::testing
