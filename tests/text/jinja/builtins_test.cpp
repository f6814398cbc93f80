// Tests filters, tests, methods and functions against the results of Jinja2 and Python.
#include <ctime>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "support/expect_error.h"
#include "text/jinja/rendering.h"

namespace rocmforge::text::jinja {
namespace {

using testing::rendered;
using testing::text_of;
using testing::value_of;

struct Row {
  const char* expression;
  const char* expected;
};

constexpr const char* kContext =
    R"({"p": [{"n": "Ann", "g": "x", "v": 3, "ok": true}, {"n": "bob", "g": "y", "v": 1}, {"n": "Cy", "g": "x", "v": 2}],
        "d": {"b": 1, "A": [1, null, 2.5]}, "s": "Hello, World"})";

class JinjaBuiltins : public ::testing::TestWithParam<Row> {};

TEST_P(JinjaBuiltins, GiveWhatTheReferenceGives) {
  EXPECT_EQ(value_of(GetParam().expression, kContext), GetParam().expected) << GetParam().expression;
}

constexpr Row kFilters[] = {
    {"-3|abs ~ (-2.5)|abs", "32.5"},
    {"range(5)|batch(2, 'x')|list", "[[0, 1], [2, 3], [4, 'x']]"},
    {"range(5)|slice(2)|list", "[[0, 1, 2], [3, 4]]"},
    {"'hELLO wORLD'|capitalize ~ 'x-ray o\\'neil'|title", "Hello worldX-Ray O'neil"},
    {"'ab'|center(5) ~ '|'", "  ab |"},
    {"[missing|default('d'), ''|d('e', true), none|default('f')]", "['d', 'e', None]"},
    {"d|dictsort", "[('A', [1, None, 2.5]), ('b', 1)]"},
    {"'<a href=\"x\">'|e", "&lt;a href=&#34;x&#34;&gt;"},
    {"('<'|e) + '<' ~ ('<'|safe|e)", "&lt;&lt;&lt;"},
    {"[1000|filesizeformat, 1|filesizeformat, 2048|filesizeformat(true)]", "['1.0 kB', '1 Byte', '2.0 KiB']"},
    {"[[3, 1]|first, 'ab'|last, [3, 1]|max, [3, 1]|min, [1, 2.5]|sum]", "[3, 'b', 3, 1, 3.5]"},
    {"['42'|int, '4.7'|int, 'x'|int(-1), '0x1F'|int(0, 16), '3.5'|float]", "[42, 4, -1, 31, 3.5]"},
    {"p|groupby('g')|map('first')|list", "['x', 'y']"},
    {"'a\nb\n\nc'|indent(2)", "a\n  b\n\n  c"},
    {"'a\n\nb'|indent('> ', true, true)", "> a\n> \n> b"},
    {"d|items|list", "[('b', 1), ('A', [1, None, 2.5])]"},
    {"p|join('/', attribute='n')", "Ann/bob/Cy"},
    {"p|map(attribute='ok', default='?')|list", "[True, '?', '?']"},
    {"p|selectattr('v', 'gt', 1)|map(attribute='n')|list", "['Ann', 'Cy']"},
    {"p|rejectattr('ok')|list|length", "2"},
    {"range(6)|select('odd')|list ~ range(4)|reject('odd')|list", "[1, 3, 5][0, 2]"},
    {"['b', 'A', 'c']|sort ~ ['b', 'A']|sort(true, true)", "['A', 'b', 'c']['b', 'A']"},
    {"p|sort(attribute='g,v')|map(attribute='n')|list", "['Cy', 'Ann', 'bob']"},
    {"['a', 'A', 'b']|unique|list ~ 'abc'|reverse", "['a', 'b']cba"},
    {"[2.5|round, 42.55|round(1), 2.1|round(0, 'ceil'), 7|round]", "[2.0, 42.5, 3.0, 7]"},
    {"'aaa'|replace('a', 'b', 2) ~ 'ab'|replace('', '-')", "bba-a-b-"},
    {"'<p>a  <b>b</b></p>'|striptags", "a b"},
    {"d|tojson", R"({"b": 1, "A": [1, null, 2.5]})"},
    {"{'k': [1, {}]}|tojson(indent=2)", "{\n  \"k\": [\n    1,\n    {}\n  ]\n}"},
    {"'é\\n\\x07\"'|tojson ~ 'é🙂'|tojson(true)", R"("é\n\u0007\"""\u00e9\ud83d\ude42")"},
    {"{'b': 1, 'a': 2}|tojson(sort_keys=true, separators=(',', ':'))", R"({"a":2,"b":1})"},
    {"{1: 2, none: 3, true: 4}|tojson", R"({"1": 4, "null": 3})"},
    {"'hello world foo'|truncate(9) ~ 'xxaxx'|trim('x')", "hello...a"},
    {"'a b&c/é'|urlencode ~ {'q': 'x y'}|urlencode", "a%20b%26c/%C3%A9q=x+y"},
    {"'a b c'|wordcount ~ 'a,b'|wordwrap(2)", "3a,\nb"},
    {"{'a': '<', 'b': none}|xmlattr", " a=\"&lt;\""},
    {"'%s-%03d'|format('a', 7)", "a-007"},
};
INSTANTIATE_TEST_SUITE_P(Filters, JinjaBuiltins, ::testing::ValuesIn(kFilters));

constexpr Row kTests[] = {
    {"[1 is number, true is number, 1.0 is float, 'a' is string, none is none]", "[True, True, True, True, True]"},
    {"[d is mapping, d is iterable, p is sequence, 'x' is iterable, 1 is iterable]", "[True, True, True, True, False]"},
    {"[3 is odd, 9 is divisibleby 3, 3 is eq 3, 2 is in [1, 2], 3 is not lt 3]", "[True, True, True, True, True]"},
    {"['abc' is lower, 'ABC' is upper, 'x' is sameas 'x', 'upper' is filter, 'no' is test]",
     "[True, True, True, True, False]"},
    {"[range is callable, p is callable, x is undefined, true is boolean, 1 is true]",
     "[True, False, True, True, False]"},
};
INSTANTIATE_TEST_SUITE_P(Tests, JinjaBuiltins, ::testing::ValuesIn(kTests));

constexpr Row kMethods[] = {
    {"s.upper() ~ s.swapcase() ~ 'they\\'re'.title()", "HELLO, WORLDhELLO, wORLDThey'Re"},
    {"'ß'.upper() ~ 'ΑΣ'.lower() ~ 'ﬁ'.title() ~ 'ẞ'.casefold()", "SSαςFiss"},
    {"['  x '.strip(), '--x-'.rstrip('-'), 'xyax'.lstrip('xy')]", "['x', '--x', 'ax']"},
    {"['a,b,,c'.split(','), ' a  b '.split(), 'a b c'.rsplit(' ', 1)]",
     "[['a', 'b', '', 'c'], ['a', 'b'], ['a b', 'c']]"},
    {"'a\\r\\nb\\n'.splitlines()", "['a', 'b']"},
    {"[s.startswith(('x', 'H')), s.endswith('d'), s.find('o'), s.rfind('o'), s.find('zz'), s.count('l')]",
     "[True, True, 4, 8, -1, 3]"},
    {"'漢字x'.find('x') ~ '漢字x'[1] ~ '漢字x'|length", "2字3"},
    {"['a-b-c'.partition('-'), 'a-b-c'.rpartition('-')]", "[('a', '-', 'b-c'), ('a-b', '-', 'c')]"},
    {"['12'.isdigit(), 'ab'.isalpha(), ' '.isspace(), 'AB'.isupper(), ''.isdigit(), 'Ab Cd'.istitle()]",
     "[True, True, True, True, False, True]"},
    {"['-5'.zfill(4), 'x'.ljust(3, '.'), 'x'.rjust(3), 'x'.center(4, '*')]", "['-005', 'x..', '  x', '*x**']"},
    {"'pre-x.py'.removeprefix('pre-').removesuffix('.py') ~ 'a\\tb'.expandtabs(4)", "xa   b"},
    {"'{} {1}'.format(1) if false else '{0}{a:>4}|{b:.2f}{{}}'.format('x', a='q', b=3.14159)", "x   q|3.14{}"},
    {"'%-4s|%05.1f|%x|%c|%%' % ('k', 3.14159, 255, 65)", "k   |003.1|ff|A|%"},
    {"[[1, 2, 1].count(1), ['a', 'b'].index('b'), d.get('zz', 5), d.get('b'), d.keys()|list]",
     "[2, 1, 5, 1, ['b', 'A']]"},
    {"', '.join(['a', 'b']) ~ d.items()|length", "a, b2"},
    {"{'items': 5}.items()|list ~ {'items': 5}['items']", "[('items', 5)]5"},
};
INSTANTIATE_TEST_SUITE_P(Methods, JinjaBuiltins, ::testing::ValuesIn(kMethods));

constexpr Row kFunctions[] = {
    {"range(2, 8, 3)|list ~ range(3, 0, -1)|list ~ range(3)", "[2, 5][3, 2, 1]range(0, 3)"},
    {"dict(a=1, b='x') ~ dict([('k', 1)])", "{'a': 1, 'b': 'x'}{'k': 1}"},
    {"cycler('a', 'b').next() ~ joiner('|')()", "a"},
    {"lipsum is defined and raise_exception is callable", "True"},
};
INSTANTIATE_TEST_SUITE_P(Functions, JinjaBuiltins, ::testing::ValuesIn(kFunctions));

// The results of map() and select() are true even if empty, and can be iterated once.
TEST(JinjaGenerators, BehaveAsPythonsDo) {
  EXPECT_EQ(testing::text_of("{% set g = [1]|map('string') %}{{ g|list }}{{ g|list }}"), "['1'][]");
  EXPECT_EQ(value_of("'T' if []|select else 'F'"), "T");
}

TEST(JinjaFunctions, StrftimePrintsTheGivenTime) {
  RenderOptions options;
  options.now.emplace();
  options.now->tm_year = 125;
  options.now->tm_mon = 6;
  options.now->tm_mday = 4;
  EXPECT_EQ(rendered("{{ strftime_now('%d %b %Y') }}", "{}", options).text, "04 Jul 2025");
  EXPECT_EQ(value_of("strftime_now('%Y')|length"), "4");
}

// Some templates rely on this, although Jinja2 cannot convert the result of map() to JSON.
TEST(JinjaFilters, TojsonTakesWhatIsLazyForAList) {
  EXPECT_EQ(value_of("[1, 2] | map('string') | tojson"), "[\"1\", \"2\"]");
  EXPECT_EQ(value_of("range(3) | tojson"), "[0, 1, 2]");
}

TEST(JinjaFilters, SearchAnEmptyText) {
  EXPECT_EQ(value_of("'' | title | wordwrap(9)"), "");
  EXPECT_EQ(value_of("''.find('x')"), "-1");
  EXPECT_EQ(value_of("missing | string | replace('a', 'b')"), "");
}

// Some templates do this, although Jinja2's sandbox forbids it.
TEST(JinjaSandbox, LetsATemplateAppendToItsOwnLists) {
  EXPECT_EQ(text_of("{% set l = [1] %}{{ l.append(2) }}{{ l }}"), "None[1, 2]");
  EXPECT_EQ(text_of("{% set ns = namespace(l=[]) %}{% for x in p %}{% set _ = ns.l.append(x) %}{% endfor %}{{ ns.l }}",
                    kContext),
            value_of("p", kContext));
  EXPECT_EQ(text_of("{% set l = [1, 2] %}{% for x in l %}{% set _ = l.append(x) %}{% endfor %}{{ l | length }}"), "4");
  EXPECT_EQ(text_of("{% set l = [] %}{% set _ = l.append(l) %}{{ l | length }}"), "1");
}

// The context is shared between renders, and so are a template's constants.
TEST(JinjaSandbox, RefusesToChangeWhatItIsGiven) {
  EXPECT_ERROR(value_of("p.append(1)", kContext),
               "'append' only of a list that they made themselves, not of this list");
  EXPECT_ERROR(value_of("(1, 2).append(1)", kContext),
               "'append' only of a list that they made themselves, not of this tuple");
  EXPECT_ERROR(value_of("d.update({})", kContext), "'update' of a value of type 'dict'");
  EXPECT_ERROR(value_of("s.__class__.x", kContext), "'__class__' of a value of type 'str'");
}

}  // namespace
}  // namespace rocmforge::text::jinja
