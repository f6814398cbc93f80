// Tests `rocmforge render` as a script uses it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/gguf_bytes.h"
#include "support/program.h"

namespace rocmforge {
namespace {

using testing::Answer;
using ::testing::HasSubstr;
using testing::rocmforge;

// An invalid line must not prevent the answers to the others.
TEST(Render, AnswersEveryLineAndGoesOnBehindAWrongOne) {
  const Answer answer = rocmforge({"render", "--jsonl"},
                                  R"({"context":{"x":"a"},"template_text":"<{{ x }}>"}
no json
{"context":{},"template_text":"{{ raise_exception('no') }}"}
{"context":{},"template_text":"{{ strftime_now('%A %j') }}","now":"2025-07-04T09:05:07"}
{"context":{}}
{"template_text":"x"}
)");
  EXPECT_EQ(answer.exit_code, 0) << answer.errors;
  std::istringstream lines(answer.output);
  std::string line;
  const char* const expected[] = {R"({"text":"<a>"})",        "\"error\":\"line 2: ", "\"error\":\"line 3: no",
                                  R"({"text":"Friday 185"})", "there is no template", "'context' is missing"};
  for (const char* text : expected) {
    ASSERT_TRUE(std::getline(lines, line));
    EXPECT_THAT(line, HasSubstr(text));
  }
  EXPECT_FALSE(std::getline(lines, line));
}

TEST(Render, PrintsTheTextOfOneContext) {
  const testing::TempFolder folder;
  const std::string file = folder.write("chat.jinja", "{% for m in messages %}<{{ m.role }}>{% endfor %}");
  const Answer answer = rocmforge({"render", "--template", file}, R"({"messages":[{"role":"user"}]})");
  EXPECT_EQ(answer.exit_code, 0) << answer.errors;
  EXPECT_EQ(answer.output, "<user>");
}

TEST(Render, TakesTheTemplateOfAModel) {
  const testing::TempFolder folder;
  testing::GgufBytes model;
  model.string("general.architecture", "llama").string("tokenizer.chat_template", "[{{ x }}]");
  const std::string file = folder.write("model.gguf", model.bytes());
  EXPECT_EQ(rocmforge({"render", "-m", file}, R"({"x":1})").output, "[1]");
  EXPECT_EQ(rocmforge({"render", "-m", file, "--jsonl"}, "{\"context\":{\"x\":2}}\n").output, "{\"text\":\"[2]\"}\n");

  const std::string bare = folder.write("bare.gguf", testing::small_gguf().bytes());
  const Answer answer = rocmforge({"render", "-m", bare}, "{}");
  EXPECT_EQ(answer.exit_code, 1);
  EXPECT_THAT(answer.errors, HasSubstr("no key 'tokenizer.chat_template'"));
}

TEST(Render, SaysWhatIsMissing) {
  EXPECT_EQ(rocmforge({"render"}, "{}").exit_code, 2);
  EXPECT_EQ(rocmforge({"render", "--template", "/nonexistent"}, "{}").exit_code, 1);
}

}  // namespace
}  // namespace rocmforge
