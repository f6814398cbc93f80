// Tests templates that would never end or exhaust the memory, and messages that show where a template is wrong.
#include <string>

#include <gtest/gtest.h>

#include "support/cpu_time.h"
#include "support/expect_error.h"
#include "text/jinja/rendering.h"

namespace rocmforge::text::jinja {
namespace {

using testing::text_of;
using testing::value_of;

void expect_stopped(const std::string& source, const char* limit) {
  const double seconds = testing::cpu_seconds([&] {
    try {
      text_of(source, R"({"s": "0123456789abcdef"})");
      ADD_FAILURE() << source << " was not stopped";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kTooLarge) << source << ": " << error.message();
      EXPECT_THAT(error.message(), ::testing::HasSubstr(limit)) << source;
    }
  });
  EXPECT_LT(seconds, 5 * testing::kSlowdown) << source;
}

// One bad template must not take a server down.
TEST(JinjaLimits, StopWhatWouldNotEnd) {
  const std::string loops = "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}";
  expect_stopped(loops, "steps");
  expect_stopped("{% for i in range(100000) %}{% for j in range(1000) %}{{ s in 'x' * 1000 }}{% endfor %}{% endfor %}",
                 "more than");
  // For these texts a plain search takes time proportional to the product of their lengths.
  expect_stopped("{% set a = 'a' * 1000 %}{{ (a * 4000).rfind('b' + a * 2000) }}", "steps");
  EXPECT_EQ(value_of("('a' * 1000 * 4000).find('a' * 1000 * 2000 + 'b')"), "-1");
  expect_stopped("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "levels");
  expect_stopped("{% for x in [[]] recursive %}{{ loop([[]]) }}{% endfor %}", "levels");
}

TEST(JinjaLimits, StopWhatWouldTakeAllMemory) {
  expect_stopped("{% set n = namespace(s=s) %}{% for i in range(99) %}{% set n.s = n.s + n.s %}{% endfor %}",
                 "more than");
  expect_stopped("{% for i in range(99999) %}{{ s * 1000 }}{% endfor %}", "more than");
  expect_stopped("{{ [0] * 1000000000000 }}", "a list of more than");
  expect_stopped("{{ 'a' * 1000000000000 }}", "a text of more than");
  expect_stopped("{{ range(1000000000)|list }}", "range()");
  expect_stopped("{{ '%999999999999d' % 1 }}", "more than");
  expect_stopped("{{ 'a'.center(99999999999) }}", "more than");
  expect_stopped("{{ 'a'|indent(99999999999, true) }}", "more than");
  expect_stopped("{% set n = namespace(l=[0]) %}{% for i in range(99) %}{% set n.l = n.l + n.l %}{% endfor %}", "more");
  expect_stopped(
      "{% for i in range(99999) %}{% set x = s|list|list|list %}{% for j in range(99) %}{% set y = s|list %}"
      "{% endfor %}{% endfor %}",
      "more than");
}

TEST(JinjaLimits, BoundTheDepthOfTreesAndValues) {
  expect_stopped("{% set n = namespace(l=[]) %}{% for i in range(5000) %}{% set n.l = [n.l] %}{% endfor %}{{ n.l }}",
                 "levels");
  expect_stopped(
      "{% set n = namespace(l=[], m=[]) %}{% for i in range(5000) %}{% set n.l = [n.l] %}"
      "{% set n.m = [n.m] %}{% endfor %}{{ n.l == n.m }}",
      "levels");
  const std::string parentheses = "{{ " + std::string(100000, '(') + "1" + std::string(100000, ')');
  EXPECT_ERROR(text_of(parentheses + " }}"), "nested deeper than 200 levels");
  std::string sum = "{{ 1";
  for (int i = 0; i < 5000; ++i) sum += "+1";
  EXPECT_ERROR(text_of(sum + " }}"), "or a chain of operators is longer");
  std::string blocks;
  for (int i = 0; i < 5000; ++i) blocks += "{% if 1 %}";
  EXPECT_ERROR(text_of(blocks), "nested deeper than 200 levels");
  EXPECT_ERROR(text_of(std::string(kMaxSourceBytes + 1, 'a')), "expected at most");
}

// A long text is built piece by piece without copying it each time.
TEST(JinjaLimits, LeaveRoomForLongChats) {
  const std::string long_text(200'000, 'a');
  const std::string source =
      "{% set ns = namespace(s='') %}{% for i in range(20) %}{% set ns.s = ns.s + c|trim + '\\n' %}{% endfor %}"
      "{{ ns.s|length }}{% for i in range(20) %}{{ '<|s|>' + c + '<|e|>' }}{% endfor %}";
  EXPECT_EQ(text_of(source, R"({"c": ")" + long_text + "\"}").size(), 7 + 20 * (long_text.size() + 10));
}

// The author of a template must find the place that is wrong.
TEST(JinjaErrors, ShowThePlace) {
  EXPECT_ERROR(text_of("a\n  {{ x.y }}\n"),
               "template: line 2, column 7: the variable 'x' has no value\n"
               "         {{ x.y }}\n"
               "             ^");
  EXPECT_ERROR(text_of("{% if x %}never closed"), "line 1, column");
  EXPECT_ERROR(text_of("{% if x %}never closed"), "'if' is never closed: 'elif' or 'else' or 'endif' is missing");
  EXPECT_ERROR(text_of("{% frobnicate %}"), "there is no tag 'frobnicate'");
  EXPECT_ERROR(text_of("{{ 'x' | nosuch }}"), "there is no filter 'nosuch'");
  EXPECT_ERROR(text_of("{{ 1 is nosuch }}"), "there is no test 'nosuch'");
  EXPECT_ERROR(text_of("{{ 'é' + 1 }}"), "column 8: '+' cannot join a string and a value of type 'int'");
  EXPECT_ERROR(text_of("{% include 'x' %}"), "'include' is not supported");
  EXPECT_ERROR(text_of("{{ 'abc }}"), "this string is never closed");
  EXPECT_ERROR(text_of("{# abc"), "this comment is never closed");
  EXPECT_ERROR(text_of("{{ (1 }}"), "expected ')', found '}'");
  EXPECT_ERROR(text_of("{% break %}"), "'break' is allowed only inside a loop");
  EXPECT_ERROR(text_of("{% endif %}"), "'endif' closes nothing");
  EXPECT_ERROR(Template::parse("{{", "chat.jinja"), "chat.jinja: line 1");
}

// Templates are written for several programs: a missing filter matters only when it is needed.
TEST(JinjaErrors, WaitForWhatAConditionKeepsOut) {
  EXPECT_EQ(text_of("{% if false %}{{ 1|nosuch }}{% endif %}ok{{ 1|nosuch if false }}"), "ok");
  EXPECT_ERROR(text_of("{% if true %}{{ 1|nosuch }}{% endif %}"), "there is no filter 'nosuch'");
}

// The message of the template's author reaches the user word for word.
TEST(JinjaErrors, PassOnWhatTheTemplateRaises) {
  try {
    value_of("raise_exception('Roles must alternate: ' ~ n)", R"({"n": 3})");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.message(), "Roles must alternate: 3");
  }
}

}  // namespace
}  // namespace rocmforge::text::jinja
