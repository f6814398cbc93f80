// Tests the JSON scanner and the conversion of parameters' texts to JSON.
#include "text/chat/json_scanner.h"

#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "text/chat/python_literal.h"
#include "text/chat/tool_schemas.h"

namespace rocmforge::text {
namespace {

std::string nested(int levels) {
  const auto count = static_cast<std::size_t>(levels);
  return std::string(count, '[') + std::string(count, ']');
}

// What the scanner accepts is passed on as JSON, so it must accept exactly what the JSON library accepts.
TEST(JsonScanner, AgreesWithTheLibrary) {
  for (const std::string text : {
           "{}",
           "[]",
           "{\"a\": [1, 2, {\"b\": null}]}",
           " [ true , false ] ",
           "\"\\u00fc\\n\\/\"",
           "\"\\ud83d\\ude00\"",
           "\"\\ud83d\"",
           "\"\\ude00\"",
           "\"\\ud83dx\"",
           "\"\\ud83d\\u0041\"",
           "\"\\x\"",
           "\"Zürich 😀\"",
           "\"\xff\"",
           "\"\xc3\"",
           "\"\xed\xa0\x80\"",
           "\"\xf4\x90\x80\x80\"",
           "\"\xe0\x80\x80\"",
           "0",
           "-0",
           "01",
           "1.",
           ".5",
           "1e5",
           "1E+5",
           "1e",
           "-",
           "+1",
           "1e999",
           "-1e999",
           "1e-999",
           "123456789012345678901234567890",
           "tru",
           "truee",
           "nul",
           "{\"a\" 1}",
           "{\"a\": 1,}",
           "[1,]",
           "[1 2]",
           "{1: 2}",
           "[1}",
           "",
           "{",
           "[1",
           "\"",
           "1 2",
           "{}x",
           "NaN",
       }) {
    EXPECT_EQ(read_json(text).has_value(), nlohmann::json::accept(text)) << text;
  }
}

TEST(JsonScanner, EscapesControlCharactersInStrings) {
  EXPECT_EQ(read_json("\"a\nb\t\""), "\"a\\u000ab\\u0009\"");
  EXPECT_EQ(read_json("{\"a\nb\": 1}"), "{\"a\\u000ab\": 1}");
}

TEST(JsonScanner, BoundsTheDepth) {
  EXPECT_TRUE(read_json(nested(kJsonMaxDepth)));
  EXPECT_FALSE(read_json(nested(kJsonMaxDepth + 1)));
  EXPECT_FALSE(read_json(nested(100000)));
}

TEST(JsonScanner, TellsObjectsFromOtherValues) {
  EXPECT_TRUE(read_json_object(" {\"a\": 1} "));
  EXPECT_FALSE(read_json_object("[1]"));
  EXPECT_FALSE(read_json_object("1"));
}

TEST(PythonLiteral, BecomesJson) {
  const auto json = [](std::string_view text) { return python_literal_as_json(text, kJsonMaxDepth).value_or("none"); };
  EXPECT_EQ(json("{'a': [1, 2.5, True, False, None], \"b\": (1,)}"), R"({"a": [1, 2.5, true, false, null], "b": [1]})");
  EXPECT_EQ(json(R"('it\'s \n \x41 \u00fc \q')"), R"("it's \n A ü \\q")");
  EXPECT_EQ(json("'it's'"), R"("it's")");
  EXPECT_EQ(json("[1., .5, +3, 1e5]"), "[1.0, 0.5, 3, 1e5]");
  EXPECT_EQ(json(R"('\ud83d\ude00')"), "\"😀\"");
  for (const char* bad :
       {"", "x", "[1", "{1: 2}", "{'a' 1}", "'a", "1 2", "[1}", "nan", "1e999", R"('\ud83d')", R"('\u12')"}) {
    EXPECT_EQ(json(bad), "none") << bad;
  }
  EXPECT_EQ(json(nested(kJsonMaxDepth)), nested(kJsonMaxDepth));
  EXPECT_EQ(json(nested(kJsonMaxDepth + 1)), "none");
  EXPECT_EQ(json(std::string(1000000, '[')), "none");
}

// "42" is a house number or a temperature, and only the schema knows.
TEST(ToolSchemas, DecideWhatATextIs) {
  const auto argument = [](std::string_view schema, std::string_view text) {
    const ToolSchemas tools({{"f", R"({"properties": {"x": )" + std::string(schema) + "}}"}});
    return argument_json(text, kinds_of(tools.parameter("f", "x")));
  };
  EXPECT_EQ(argument(R"({"type": "string"})", "42"), "\"42\"");
  EXPECT_EQ(argument(R"({"type": "string"})", " a\n"), "\" a\\n\"");
  EXPECT_EQ(argument(R"({"enum": ["1", "2"]})", "1"), "\"1\"");
  EXPECT_EQ(argument(R"({"type": "integer"})", " 42\n"), "42");
  EXPECT_EQ(argument(R"({"type": "integer"})", "many"), "\"many\"");
  EXPECT_EQ(argument(R"({"type": ["string", "null"]})", "null"), "null");
  EXPECT_EQ(argument(R"({"type": ["string", "null"]})", "42"), "\"42\"");
  EXPECT_EQ(argument(R"({"anyOf": [{"type": "number"}, {"type": "string"}]})", "42"), "42");
  EXPECT_EQ(argument(R"({"type": "boolean"})", "True"), "true");
  EXPECT_EQ(argument(R"({"type": "object"})", "{'a': None}"), "{\"a\": null}");
  EXPECT_EQ(argument(R"({"type": "object"})", "{\"a\": \"b\nc\"}"), "{\"a\": \"b\\u000ac\"}");
  EXPECT_EQ(argument("{}", "[1]"), "[1]");
  EXPECT_EQ(argument("{}", "\"a\""), "\"\\\"a\\\"\"");
  EXPECT_EQ(argument(R"({"type": "array"})", nested(kJsonMaxDepth)), "\"" + nested(kJsonMaxDepth) + "\"");
}

}  // namespace
}  // namespace rocmforge::text
