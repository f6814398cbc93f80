// Tests which bytes of a prompt count as data from the context. If a user's text counted as the template's, a message
// could contain "<|im_end|>" and speak as the system; in the opposite case no special token would be recognised.
#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "base/utf8.h"
#include "text/jinja/rendering.h"

namespace rocmforge::text::jinja {
namespace {

using testing::rendered;

// Returns the text with each data range in brackets.
std::string marked(std::string_view source, std::string_view context) {
  const Rendered result = rendered(source, context);
  std::string text;
  std::size_t at = 0;
  for (const TextRange& range : result.data) {
    text += result.text.substr(at, range.begin - at) + "[" + result.text.substr(range.begin, range.size()) + "]";
    at = range.end;
  }
  return text + result.text.substr(at);
}

constexpr const char* kMessage = R"({"role": "user", "content": "  Hi  \n", "n": 7, "t": true,
                                     "l": ["a", "b"], "d": {"k": "v"}, "u": "éa"})";

TEST(JinjaOrigin, IsExactForConcatenationsAndTrims) {
  EXPECT_EQ(marked("{{ '<|s|>' + role + '\\n' + content|trim + '<|e|>' }}", kMessage), "<|s|>[user]\n[Hi]<|e|>");
  EXPECT_EQ(marked("{{ '<' ~ role ~ '>' ~ n ~ t }}", kMessage), "<[user]>[7True]");
  EXPECT_EQ(marked("<{{ content.strip() }}>", kMessage), "<[Hi]>");
}

TEST(JinjaOrigin, SurvivesMacrosBlocksAndNamespaces) {
  EXPECT_EQ(marked("{% macro m(x) %}<|{{ x }}|>{% endmacro %}{{ m(role) ~ m('lit') }}", kMessage), "<|[user]|><|lit|>");
  EXPECT_EQ(marked("{% set x %}<|{{ role }}|>{% endset %}{{ x + x }}", kMessage), "<|[user]|><|[user]|>");
  EXPECT_EQ(marked("{% set ns = namespace(s='<') %}{% for x in l %}{% set ns.s = ns.s + x + ',' %}{% endfor %}"
                   "{{ ns.s }}",
                   kMessage),
            "<[a],[b],");
  EXPECT_EQ(marked("{% filter trim %} <{{ role }}> {% endfilter %}", kMessage), "<[user]>");
}

TEST(JinjaOrigin, IsExactForPartsOfMixedText) {
  const std::string mixed = "{% set m = '<|' ~ role ~ '|>' %}";
  EXPECT_EQ(marked(mixed + "{{ m[1:4] }}", kMessage), "|[us]");
  EXPECT_EQ(marked(mixed + "{{ m[::-1] }}", kMessage), ">|[resu]|<");
  EXPECT_EQ(marked(mixed + "{{ m.split('s')|join('_') }}", kMessage), "<|[u]_[er]|>");
  EXPECT_EQ(marked(mixed + "{{ m|replace('|', '<>') }}", kMessage), "<<>[user]<>>");
  EXPECT_EQ(marked(mixed + "{{ m|upper }}", kMessage), "<|[USER]|>");
  // Whether a word begins depends on the text before it, so here everything counts as data.
  EXPECT_EQ(marked(mixed + "{{ m|title }}", kMessage), "[<|user|>]");
  EXPECT_EQ(marked(mixed + "{% for c in m %}{{ c }}.{% endfor %}", kMessage), "<.|.[u].[s].[e].[r].|.>.");
  EXPECT_EQ(marked(mixed + "{{ m|tojson }}", kMessage), "[\"]<|[user]|>[\"]");
  EXPECT_EQ(marked("{{ u[0] ~ 'x' ~ u[1:] }}", kMessage), "[é]x[a]");
}

TEST(JinjaOrigin, CoversWhatIsPrintedOfCollectionsAndNumbers) {
  EXPECT_EQ(marked("{{ l }}|{{ d|tojson }}|{{ n + 1 }}|{{ l|length }}", kMessage),
            "[['a', 'b']]|[{\"k\": \"v\"}]|[8]|[2]");
  EXPECT_EQ(marked("{{ d.keys()|first }}{% for k, v in d|items %}{{ k }}={{ v }}{% endfor %}", kMessage), "[kk]=[v]");
  EXPECT_EQ(marked("{{ '%s|%d' % (role, n) }}{{ '<{}>'.format(role) }}", kMessage), "[user]|[7]<[user]>");
  EXPECT_EQ(marked("{{ ['lit', role]|join('-') }}", kMessage), "lit-[user]");
  EXPECT_EQ(marked("{% set a = ['lit'] %}{% set _ = a.append(role) %}{{ a|join('-') }}", kMessage), "lit-[user]");
  EXPECT_EQ(marked("{% set a = [] %}{% set _ = a.append(role) %}{{ a }}{{ a|tojson }}", kMessage),
            marked("{{ [role] }}{{ [role]|tojson }}", kMessage));
}

// Special tokens that a template assembles from parts are still special.
TEST(JinjaOrigin, LeavesTheTemplatesOwnTextAlone) {
  EXPECT_EQ(marked("{% set x = '<|im_' %}{{ (x ~ 'start|>')|trim|upper }}{{ '<|' + 'a' * 2 }}"
                   "{{ '%s' % 'lit' }}{{ 1 + 1 }}{{ ['a']|tojson }}{{ 'yes' if role else 'no' }}",
                   kMessage),
            "<|IM_START|><|aalit2[\"a\"]yes");
}

// The host passes its own special tokens as trusted.
TEST(JinjaOrigin, TrustsWhatTheHostDeclaresAsTheTemplates) {
  Value context = from_json(parse_ordered_json(kMessage, "context"), Origin::kContext);
  context.set("bos_token", from_json("<s>", Origin::kTemplate));
  const Rendered result = Template::parse("{{ bos_token + role }}").render(context);
  EXPECT_EQ(result.text, "<s>user");
  EXPECT_EQ(result.data, (std::vector<TextRange>{{3, 7}}));
}

// After any operation, letters of the context are data, and after exact operations the template's letters are not.
TEST(JinjaOrigin, NoOperationLetsTheContextPassForTheTemplate) {
  const char* const context = R"({"c": "\u4e2d x\u4e2d\n\u4e2d<b>", "k": {"\u4e2d": ["\u4e2d", 1]}})";
  const char* const operations[] = {"c|upper",
                                    "c|title",
                                    "c|capitalize",
                                    "c|indent(2, true)",
                                    "c|center(40)",
                                    "c|e",
                                    "c|forceescape",
                                    "c|safe",
                                    "c|striptags",
                                    "c|wordwrap(2)",
                                    "c|truncate(3, true)",
                                    "c|replace('x', 'y')",
                                    "'axa'|replace('x', c)",
                                    "c.split()|string",
                                    "c.splitlines()|join",
                                    "c.partition('x')",
                                    "c.zfill(20)",
                                    "c.ljust(20, 'q')",
                                    "c.expandtabs()",
                                    "c.swapcase()",
                                    "c.casefold()",
                                    "c.title()",
                                    "','.join([c, c])",
                                    "c|list",
                                    "c|reverse",
                                    "c * 3",
                                    "c[::2]",
                                    "'%s' % c",
                                    "'%30s' % c",
                                    "'%.2s' % c",
                                    "'%r' % c",
                                    "c % ()",
                                    "'{}'.format(c)",
                                    "'{0!r:>50}'.format(c)",
                                    "c.format()",
                                    "'{:{}}'.format('x', 5) ~ c",
                                    "k",
                                    "k|tojson",
                                    "k|tojson(indent=1)",
                                    "{c: c}|tojson",
                                    "[c]|string",
                                    "(c, [c])",
                                    "k|dictsort",
                                    "k.items()",
                                    "k|items|list",
                                    "k|string|upper",
                                    "[c]|map('upper')|join('中'[:0])",
                                    "c|first",
                                    "c|last",
                                    "[c, c]|unique|list",
                                    "[{'a': c}]|groupby('a')|list",
                                    "[c]|sum(start='')",
                                    "c|pprint",
                                    "{'a': c}|xmlattr",
                                    "c|default('x')",
                                    "missing|default(c)",
                                    "c|max",
                                    "[c]|batch(2, c)|list",
                                    "namespace(a=c).a",
                                    "cycler(c).next()",
                                    "c.removeprefix('x')",
                                    "c if c else ''",
                                    "c or 1",
                                    "[c][0]",
                                    "{'a': c}.a",
                                    "dict(a=c)",
                                    "'a'.center(20, c[0])",
                                    "joiner(c)",
                                    "c.strip('x')",
                                    "c|trim('<b>')",
                                    "'x'|indent(c, true)",
                                    "[1, 2]|join(c)",
                                    "[1]|tojson(indent=c)",
                                    "[1, 2]|tojson(separators=(c, c))",
                                    "'%*d' % (5, 1) ~ c",
                                    "k|join",
                                    "k|list"};
  for (const char* operation : operations) {
    const Rendered result = rendered("{% set x = " + std::string(operation) + " %}{{ x }}{{ x ~ '' }}", context);
    for (std::size_t at = 0; (at = result.text.find("中", at)) != std::string::npos; at += 3) {
      const bool is_data =
          std::ranges::any_of(result.data, [&](const TextRange& r) { return r.begin <= at && at + 3 <= r.end; });
      EXPECT_TRUE(is_data) << operation << ": " << result.text;
    }
  }
}

}  // namespace
}  // namespace rocmforge::text::jinja
