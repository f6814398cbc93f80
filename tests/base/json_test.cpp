// Tests reading and writing of JSON, with malformed and hostile input.
#include "base/json.h"

#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "support/expect_error.h"

namespace rocmforge {
namespace {

// A model's metadata may contain any bytes; `inspect --json` must still give valid output.
TEST(Json, WritesBytesThatAreNoUtf8) {
  EXPECT_EQ(dump_json(nlohmann::json{{"name", "a\xff"}}), "{\"name\":\"a\xef\xbf\xbd\"}");
  EXPECT_EQ(dump_json(nlohmann::json{1, 2}, 1), "[\n 1,\n 2\n]");
}

// A template prints a tool's properties in the order in which the request gave them.
TEST(Json, KeepsTheOrderOfKeysWhenAsked) {
  EXPECT_EQ(dump_json(parse_ordered_json(R"({"b": 1, "a": [true, null]})", "request")), R"({"b":1,"a":[true,null]})");
}

// A user who edited the file by hand is told where the mistake is.
TEST(Json, SaysWhereTheMistakeIs) {
  EXPECT_ERROR(parse_json("{\n  \"a\": 1,\n  \"b\": }\n", "plan.json"), "plan.json: line 3, column 8: ");
  EXPECT_ERROR(parse_json("", "plan.json"), "plan.json: line 1, column 1: ");
  EXPECT_ERROR(parse_json("[1] 2", "plan.json"), "line 1, column 5");
  EXPECT_ERROR(parse_json("\"\x1b\xff\"", "plan.json"), "plan.json: line 1");
}

// A request with a million brackets must not overflow the server's stack.
TEST(Json, RefusesDeepNesting) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_NO_THROW(parse_json(nested(kJsonMaxDepth), "request"));
  EXPECT_ERROR(parse_json(nested(kJsonMaxDepth + 1), "request"), "nested deeper than 64 levels");
  EXPECT_ERROR(parse_json(std::string(1000000, '['), "request"), "nested deeper than 64 levels");
  EXPECT_NO_THROW(parse_json(R"(["[[\"[[", "]"])", "request")) << "brackets in texts are no levels";
}

// Reading a server's response with a million members must not take hours.
TEST(Json, ReadsLongListsInTimeThatTheirLengthTakes) {
  std::string list = "[{}";
  for (int i = 0; i < 1'000'000; ++i) list += ",{}";
  EXPECT_EQ(parse_json(list + "]", "request").size(), 1'000'001U);
  EXPECT_EQ(parse_ordered_json(list + "]", "request").size(), 1'000'001U);
}

// Which of two values counts would depend on the reader.
TEST(Json, RefusesRepeatedKeysWhenAsked) {
  const auto parse = [](const char* text) { return parse_ordered_json(text, "line", RepeatedKeys::kRefused); };
  EXPECT_NO_THROW(parse(R"({"a": {"b": "b"}, "b": ["a", {"a": 1}], "c": "a\\\": "})"));
  EXPECT_ERROR(parse(R"({"a": 1, "b": 2, "a": 1})"), "line: the key 'a' occurs twice");
  EXPECT_ERROR(parse(R"([{"x": {"a": [], "\u0061" : 2}}])"), "the key 'a' occurs twice");
  EXPECT_NO_THROW(parse_ordered_json(R"({"a": 1, "a": 2})", "line"));
}

// A file's text must not command the terminal that its JSON is printed on.
TEST(Json, EscapesWhatATerminalWouldObey) {
  const std::string text = "\x7f \u0085 \u202e \ufeff \U000e0041 größer 世界 \u200d";
  const std::string json = dump_json(nlohmann::json{{"a", text}}, 1);
  EXPECT_EQ(json, "{\n \"a\": \"\\u007f \\u0085 \\u202e \\ufeff \\udb40\\udc41 größer 世界 \u200d\"\n}");
  EXPECT_EQ(parse_json(json, "json")["a"], text);
}

}  // namespace
}  // namespace rocmforge
