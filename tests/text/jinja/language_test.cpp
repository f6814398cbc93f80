// Tests the language itself: white space, statements, scopes, macros, operators.
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "support/expect_error.h"
#include "text/jinja/rendering.h"

namespace rocmforge::text::jinja {
namespace {

using testing::text_of;
using testing::value_of;

// An additional space in a prompt is a token that the model never saw in training.
TEST(JinjaWhitespace, FollowsTheSettingsOfChatTemplates) {
  EXPECT_EQ(text_of("a\n{% if true %}\n b\n{% endif %}\nc\n"), "a\n b\nc");
  EXPECT_EQ(text_of("  {% if true %}\n\t{# note #}\nx\n  {% endif %}"), "x\n");
  EXPECT_EQ(text_of("a  {%- if true -%}  b  {%- endif -%}  c"), "abc");
  EXPECT_EQ(text_of("  {%+ if true +%}\nx{% endif %}"), "  \nx");
  EXPECT_EQ(text_of("a {{- 1 -}} b {{ 2 }} c"), "a1b 2 c");
  EXPECT_EQ(text_of("a\r\nb\rc\n\n"), "a\nb\nc\n");
  EXPECT_EQ(text_of("{% raw %}{{ x }}{% endraw %} {{ '}}' }}"), "{{ x }} }}");
}

TEST(JinjaStatements, LoopsKnowWhereTheyAre) {
  const char* const list = R"({"l": ["a", "b", "c"]})";
  EXPECT_EQ(text_of("{% for x in l %}{{ loop.index }}{{ loop.revindex0 }}{{ x }}{{ loop.last }} {% endfor %}", list),
            "12aFalse 21bFalse 30cTrue ");
  EXPECT_EQ(text_of("{% for x in l if x != 'b' %}{{ loop.previtem }}{{ x }}{{ loop.length }}{% endfor %}", list),
            "a2ac2");
  EXPECT_EQ(text_of("{% for x in [] %}{% else %}none{% endfor %}"), "none");
  EXPECT_EQ(text_of("{% for a, (b, c) in [(1, (2, 3))] %}{{ a + b * c }}{% endfor %}"), "7");
  EXPECT_EQ(text_of("{% for x in l %}{% if x == 'b' %}{% continue %}{% endif %}{{ x }}{% endfor %}", list), "ac");
  EXPECT_EQ(text_of("{% for x in l %}{% if x == 'b' %}{% break %}{% endif %}{{ x }}{% endfor %}", list), "a");
  EXPECT_EQ(text_of("{% for x in [1, [2, [3]]] recursive %}{{ loop(x) if x is iterable else x ~ loop.depth }} "
                    "{% endfor %}"),
            "11 22 33   ");
  EXPECT_EQ(text_of("{% for x in [1, 1, 2] %}{{ loop.changed(x) }}{{ loop.cycle('a', 'b') }} {% endfor %}"),
            "Truea Falseb Truea ");
}

// A loop's variables must not leak into the rest of the prompt; what `if` sets must.
TEST(JinjaStatements, ScopesEndWhereTheyDoInJinja) {
  EXPECT_EQ(text_of("{% set x = 1 %}{% for i in [1, 2] %}{% set x = x + i %}{{ x }}{% endfor %}{{ x }}"), "231");
  EXPECT_EQ(text_of("{% if true %}{% set y = 5 %}{% endif %}{{ y }}"), "5");
  EXPECT_EQ(text_of("{% set s = namespace(n=0) %}{% for i in [1, 2] %}{% set s.n = s.n + i %}{% endfor %}{{ s.n }}"),
            "3");
  EXPECT_EQ(text_of("{% with a = 1, b = 2 %}{{ a + b }}{% endwith %}[{{ a }}]"), "3[]");
  EXPECT_EQ(text_of("{% set x = x ~ '!' %}{{ x }}", R"({"x": "given"})"), "given!");
}

TEST(JinjaStatements, BlocksOfTextAreValues) {
  EXPECT_EQ(text_of("{% set x | upper %}a{{ n }}{% endset %}{{ x }}{{ x | length }}", R"({"n": "b"})"), "AB2");
  EXPECT_EQ(text_of("{% filter replace('a', 'o') | trim %} banana {% endfilter %}"), "bonono");
  EXPECT_EQ(text_of("{% generation %}a{% set q = 1 %}{% endgeneration %}{{ q is defined }}"), "aFalse");
  EXPECT_EQ(text_of("{% block b %}x{% endblock b %}"), "x");
}

TEST(JinjaMacros, TakeArgumentsAsPythonDoes) {
  EXPECT_EQ(text_of("{% macro m(a, b='B') %}<{{ a }}{{ b }}>{% endmacro %}{{ m(1) }}{{ m(b=2, a=3) }}{{ m() }}"),
            "<1B><32><B>");
  EXPECT_EQ(text_of("{% macro m(a) %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, k=3) }}"), "(2,){'k': 3}");
  EXPECT_EQ(text_of("{% macro m(a, b) %}{{ a }}{{ b }}{% endmacro %}{{ m(*[1], **{'b': 2}) }}"), "12");
  EXPECT_EQ(text_of("{% macro m(l) %}{% for x in l %}{{ caller(x) }}{% endfor %}{% endmacro %}"
                    "{% call(v) m([1, 2]) %}[{{ v }}]{% endcall %}"),
            "[1][2]");
  EXPECT_EQ(text_of("{% macro m() %}{{ later }}{% endmacro %}{% set later = 2 %}{{ m() }}"), "2");
  EXPECT_EQ(text_of("{% for i in [1, 2] %}{% macro m() %}{{ i }}{% endmacro %}{{ m() }}{% endfor %}"), "12");
  EXPECT_ERROR(text_of("{% macro m(a) %}{% endmacro %}{{ m(1, 2) }}"), "macro 'm' accepts up to 1");
}

TEST(JinjaExpressions, FollowPython) {
  EXPECT_EQ(value_of("[7 // 2, -7 // 2, -7 % 3, 7 % -3, 2 ** 10, 7 / 2, -3 ** 2]"), "[3, -4, 2, -2, 1024, 3.5, 9]");
  EXPECT_EQ(value_of("1 < 2 <= 2 != 3 and not 1 in [2]"), "True");
  EXPECT_EQ(value_of("'a' ~ 1 ~ none ~ [true]"), "a1None[True]");
  EXPECT_EQ(value_of("0 or '' or 'x'"), "x");
  EXPECT_EQ(value_of("'y' if a else 'n'", R"({"a": 0})"), "n");
  EXPECT_EQ(value_of("'abcdef'[1:-1:2] ~ [1, 2, 3][::-1]"), "bd[3, 2, 1]");
  EXPECT_EQ(value_of("{1: 'a', true: 'b', 1.0: 'c', none: 'd'}"), "{1: 'c', None: 'd'}");
  EXPECT_EQ(value_of("[0x1f, 0b101, 0o17, 1_000, 1.5e3, 'a' 'b', '\\x41\\u00e9\\n']"),
            "[31, 5, 15, 1000, 1500.0, 'ab', 'Aé\\n']");
}

// Large numbers, such as ids of other systems, must not be changed.
TEST(JinjaExpressions, IntegersAreExactOrRefused) {
  EXPECT_EQ(value_of("12345678901234567890"), "12345678901234567890");
  EXPECT_EQ(value_of("n", R"({"n": 18446744073709551615})"), "18446744073709551615");
  EXPECT_EQ(value_of("9223372036854775807 < 12345678901234567890"), "True");
  EXPECT_ERROR(value_of("9223372036854775807 + 1"), "integer too large");
  EXPECT_ERROR(value_of("2 ** 64"), "integer too large");
  EXPECT_ERROR(value_of("(-9223372036854775807 - 1) // -1"), "integer too large");
}

TEST(JinjaExpressions, FloatsPrintAsPythonPrintsThem) {
  EXPECT_EQ(value_of("[0.1 + 0.2, 1e15, 1e16, 1.5e-7, 100.0, 1e308 * 10]"),
            "[0.30000000000000004, 1000000000000000.0, 1e+16, 1.5e-07, 100.0, inf]");
}

TEST(JinjaExpressions, StringsInListsAreQuotedAsPythonQuotesThem) {
  EXPECT_EQ(value_of(R"(["a'b", 'a"b', 'a\'"b', '\t\x00é'])"), R"(["a'b", 'a"b', 'a\'"b', '\t\x00é'])");
}

TEST(JinjaUndefined, PrintsAsNothingAndFailsWhenUsed) {
  EXPECT_EQ(text_of("[{{ x }}{{ d.y }}{{ d['y'] }}{{ [1][5] }}]", R"({"d": {}})"), "[]");
  EXPECT_EQ(text_of("{% for i in x %}{% else %}none{% endfor %}{{ x is defined }}"), "noneFalse");
  EXPECT_ERROR(value_of("x.y"), "the variable 'x' has no value");
  EXPECT_ERROR(value_of("d.x.y", R"({"d": {}})"), "there is no 'x' in a value of type 'dict'");
  EXPECT_ERROR(value_of("f()"), "the variable 'f' has no value");
}

// A server parses once and renders for all its requests.
TEST(JinjaTemplate, RendersInSeveralThreadsAtOnce) {
  const Template shared = Template::parse(
      "{% set ns = namespace(s='') %}{% for m in l %}{% set ns.s = ns.s ~ m.x %}{% endfor %}{{ ns.s }}");
  const Value context =
      from_json(parse_ordered_json(R"({"l": [{"x": "a"}, {"x": "b"}]})", "context"), Origin::kContext);
  std::vector<std::string> results(4);
  std::vector<std::thread> threads;
  for (std::string& result : results) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) result = shared.render(context).text;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(results, std::vector<std::string>(4, "ab"));
}

}  // namespace
}  // namespace rocmforge::text::jinja
