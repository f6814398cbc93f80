// Tests that calls written in a form are read back: with generated arguments, whole, in pieces and cut short. The
// form's grammar must accept them too.
#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"
#include "support/expect_error.h"
#include "text/chat/gbnf_matcher.h"
#include "text/chat/reply_testing.h"
#include "text/chat/reply_writers.h"

namespace rocmforge {
namespace {

using testing::Kind;
using testing::ReplyWriterOfForm;
using testing::WrittenCall;
using text::ReplyEvent;
using Json = nlohmann::ordered_json;

constexpr int kCallsPerForm = 200;

// Returns text with elements that could mislead a parser: quotes, brackets, newlines and beginnings of markers.
std::string any_text(bool plain) {
  static const std::vector<std::string> pieces{"a",  "Zürich", "日本", "😀", " ",  "x=1", "<",    "</b>", "&",
                                               "\n", "\"",     "'",    "\\", "{",  "}",   "[",    "]",    ",",
                                               ":",  "<|",     "```",  "</", "\t", "\r",  "null", "5",    "<think>"};
  const auto count = *rc::gen::inRange<std::size_t>(0, 8);
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += pieces[*rc::gen::inRange<std::size_t>(0, plain ? 9 : pieces.size())];
  return text;
}

Json any_value(bool plain, int depth) {
  switch (*rc::gen::inRange(0, depth < 3 ? 7 : 5)) {
    case 0: return Json("s" + any_text(plain));
    case 1: return Json(*rc::gen::inRange(-1000000, 1000000));
    case 2: return Json(*rc::gen::arbitrary<bool>());
    case 3: return Json(*rc::gen::inRange(-1000, 1000) / 8.0);
    case 4: return Json(*rc::gen::element(0.0, 1e20, -2.5e-7, 123456789012.0));
    case 5: {
      Json list = Json::array();
      const int count = *rc::gen::inRange(1, 4);
      for (int i = 0; i < count; ++i) list.push_back(any_value(plain, depth + 1));
      return list;
    }
    default: {
      Json object = Json::object();
      const int count = *rc::gen::inRange(1, 4);
      for (int i = 0; i < count; ++i) object["k" + std::to_string(i)] = any_value(plain, depth + 1);
      return object;
    }
  }
}

// Returns a call with arguments of the kinds that the tool's schema declares, in its order.
WrittenCall any_call(bool plain) {
  if (*rc::gen::inRange(0, 5) == 0) return {"get_time", Json::object()};
  Json arguments = Json::object();
  arguments["city"] = any_text(plain);
  if (*rc::gen::arbitrary<bool>()) arguments["days"] = *rc::gen::inRange(-50, 5000);
  if (*rc::gen::arbitrary<bool>()) arguments["exact"] = *rc::gen::arbitrary<bool>();
  if (*rc::gen::arbitrary<bool>()) {
    arguments["hours"] = Json::array();
    const int count = *rc::gen::inRange(1, 4);
    for (int i = 0; i < count; ++i) arguments["hours"].push_back(any_value(plain, 1));
  }
  if (*rc::gen::arbitrary<bool>()) {
    arguments["style"] = Json::object({{"unit", any_text(plain)}, {"wind", 0.5}, {"more", any_value(plain, 1)}});
  }
  return {"get_weather", arguments};
}

std::vector<WrittenCall> any_calls(const ReplyWriterOfForm& writer) {
  std::vector<WrittenCall> calls;
  const int count = writer.single ? 1 : *rc::gen::inRange(1, 4);
  for (int i = 0; i < count; ++i) calls.push_back(any_call(writer.plain_strings));
  return calls;
}

struct Read {
  std::string text;
  std::vector<WrittenCall> calls;
  int withdrawn = 0;
};

Read read(const std::vector<ReplyEvent>& events) {
  Read result;
  std::string arguments;
  for (const ReplyEvent& event : events) {
    if (event.kind == Kind::kText) result.text += event.text;
    if (event.kind == Kind::kCallBegin) {
      result.calls.push_back({event.name, {}});
      arguments.clear();
    }
    if (event.kind == Kind::kCallArguments) arguments += event.text;
    if (event.kind == Kind::kCallEnd) result.calls.back().arguments = parse_ordered_json(arguments, "arguments");
    if (event.kind == Kind::kCallWithdrawn) {
      result.calls.pop_back();
      ++result.withdrawn;
    }
  }
  return result;
}

void expect_calls(const std::vector<WrittenCall>& read, const std::vector<WrittenCall>& written,
                  const std::string& reply) {
  ASSERT_EQ(read.size(), written.size()) << reply;
  for (std::size_t i = 0; i < read.size(); ++i) {
    EXPECT_EQ(read[i].name, written[i].name) << reply;
    EXPECT_EQ(nlohmann::json(read[i].arguments), nlohmann::json(written[i].arguments)) << reply;
  }
}

std::vector<std::string_view> any_cuts(std::string_view reply) {
  std::vector<std::string_view> pieces;
  while (!reply.empty()) {
    const std::size_t length = *rc::gen::inRange<std::size_t>(1, std::min<std::size_t>(reply.size(), 12) + 1);
    pieces.push_back(reply.substr(0, length));
    reply.remove_prefix(length);
  }
  return pieces;
}

// Checks `property(form, writer)` kCallsPerForm times for each form.
template <typename Property>
void for_every_form(Property property) {
  for (const ReplyWriterOfForm& writer : testing::reply_writers()) {
    const text::ReplyForm& form = testing::form_named(writer.form);
    for (int i = 0; i < kCallsPerForm; ++i) {
      const rc::Random random(static_cast<std::uint64_t>(i));
      const auto draw = rc::gen::exec([&] {
        property(form, writer);
        return 0;
      });
      draw(random, 100).value();  // 100: ranges in full
      if (::testing::Test::HasFailure()) return;
    }
  }
}

TEST(ReplyProperty, ReadsWhatTheFormWrites) {
  for_every_form([](const text::ReplyForm& form, const ReplyWriterOfForm& writer) {
    const std::vector<WrittenCall> calls = any_calls(writer);
    std::string reply = writer.write(calls);
    if (form.name == "functionary-v3.2") reply = reply.substr(3);  // part of the prompt
    const auto whole = testing::parse_reply(form, testing::with_tools(), reply);
    const Read result = read(whole);
    EXPECT_EQ(result.text, "") << reply;
    expect_calls(result.calls, calls, reply);
    EXPECT_EQ(testing::parse_pieces(form, testing::with_tools(), any_cuts(reply)), whole) << reply;
  });
}

TEST(ReplyProperty, ReadsCallsAfterText) {
  for_every_form([](const text::ReplyForm& form, const ReplyWriterOfForm& writer) {
    const std::vector<WrittenCall> calls = any_calls(writer);
    const std::string reply =
        std::string(writer.before_text) + "Let me see." + std::string(writer.after_text) + writer.write(calls);
    const Read result = read(testing::parse_reply(form, testing::with_tools(), reply));
    EXPECT_EQ(result.text, "Let me see.") << reply;
    expect_calls(result.calls, calls, reply);
  });
}

// Generation may stop anywhere: complete parts count, and the rest is returned as text.
TEST(ReplyProperty, GivesBackWhatACutReplyBegan) {
  for_every_form([](const text::ReplyForm& form, const ReplyWriterOfForm& writer) {
    const std::vector<WrittenCall> calls = any_calls(writer);
    std::string reply = writer.write(calls);
    if (form.name == "functionary-v3.2") reply = reply.substr(3);
    const std::string cut = reply.substr(0, *rc::gen::inRange<std::size_t>(0, reply.size()));
    const Read result = read(testing::parse_reply(form, testing::with_tools(), cut));
    ASSERT_LE(result.calls.size(), calls.size()) << cut;
    expect_calls(result.calls, {calls.begin(), calls.begin() + static_cast<std::ptrdiff_t>(result.calls.size())}, cut);
    if (result.withdrawn > 0) {
      EXPECT_NE(result.text, "") << cut;
    }
    EXPECT_TRUE(cut.ends_with(result.text)) << cut << "\n" << result.text;
  });
}

text::CallRules rules_for(bool parallel) { return {.tools = testing::with_tools().tools, .parallel = parallel}; }

TEST(ReplyGrammar, AcceptsWhatTheFormWrites) {
  for_every_form([](const text::ReplyForm& form, const ReplyWriterOfForm& writer) {
    const std::vector<WrittenCall> calls = any_calls(writer);
    const std::string reply = writer.write(calls);
    testing::GbnfMatcher matcher(form.grammar(rules_for(true)));
    EXPECT_TRUE(matcher.matches(reply)) << form.name << ": " << reply << "\n" << form.grammar(rules_for(true)).gbnf;
  });
}

TEST(ReplyGrammar, IsClosedAndBeginsWithATrigger) {
  for (const text::ReplyForm& form : text::reply_forms()) {
    if (!form.has_calls()) {
      EXPECT_ERROR(form.grammar(rules_for(true)), "no tool calls");
      continue;
    }
    EXPECT_ERROR(form.grammar({}), "at least one tool");
    for (const bool parallel : {false, true}) {
      const text::ReplyGrammar grammar = form.grammar(rules_for(parallel));
      EXPECT_THAT(testing::GbnfMatcher(grammar).undefined(), ::testing::IsEmpty()) << form.name << "\n" << grammar.gbnf;
      EXPECT_FALSE(grammar.triggers.empty()) << form.name;
    }
  }
}

// tool_choice may name one tool, and forbid a second call.
TEST(ReplyGrammar, HoldsToTheRules) {
  const WrittenCall weather{"get_weather", {{"city", "x"}}};
  const WrittenCall time{"get_time", Json::object()};
  for (const ReplyWriterOfForm& writer : testing::reply_writers()) {
    const text::ReplyForm& form = testing::form_named(writer.form);
    testing::GbnfMatcher one(form.grammar({.tools = {testing::with_tools().tools.front()}, .parallel = false}));
    EXPECT_TRUE(one.matches(writer.write({weather}))) << form.name;
    EXPECT_FALSE(one.matches(writer.write({time}))) << form.name;
    EXPECT_FALSE(one.matches("Hello")) << form.name;
    if (!writer.single) {
      EXPECT_FALSE(one.matches(writer.write({weather, weather}))) << form.name;
    }
  }
}

}  // namespace
}  // namespace rocmforge
