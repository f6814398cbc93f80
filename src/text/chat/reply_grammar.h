// The grammar that a form's calls follow, from which generation can be forced into calls.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/chat/reply.h"

namespace rocmforge::text {

struct JsonRule {
  std::string rule;
  std::string schema;  // JSON schema; "{}" where any value will do
};

// `gbnf` holds the rules, "root" the calls: no reasoning and no text before them. Rules that are named but not defined
// there are in `json_rules`: each stands for a JSON value of its schema, without white space around it. Where calls are
// optional, the grammar applies from the beginning of the first of `triggers` on.
struct ReplyGrammar {
  std::string gbnf;
  std::vector<JsonRule> json_rules;
  std::vector<std::string> triggers;
};

struct CallRules {
  std::vector<ToolDeclaration> tools;  // one, where the call of that one is demanded
  bool parallel = true;                // more than one call in a reply, where the form can
};

// Collects rules. The pieces that it returns are expressions.
class GrammarWriter {
 public:
  explicit GrammarWriter(const CallRules& rules) : rules_(rules) {}

  const CallRules& rules() const { return rules_; }

  void rule(std::string_view name, std::string_view expression);
  // Whole rules, a line each.
  void rules_text(std::string_view text) { grammar_.gbnf += text; }
  // A JSON value of the schema.
  std::string json(const std::string& name, std::string_view schema);
  // Any text up to the marker, and the marker.
  std::string text_until(std::string_view marker);
  // The tools as alternatives: `expression(tool, number)` for each.
  template <typename Expression>
  std::string any_tool(Expression expression) {
    std::string names;
    for (std::size_t i = 0; i < rules_.tools.size(); ++i) {
      const std::string name = "tool-" + std::to_string(i);
      rule(name, expression(rules_.tools[i], std::to_string(i)));
      names += (i == 0 ? "" : " | ") + name;
    }
    return "(" + names + ")";
  }
  // `one`, or several with `between` them if calls may be parallel.
  std::string some(const std::string& one, const std::string& between) const;

  ReplyGrammar finish(std::vector<std::string> triggers);

  static std::string literal(std::string_view text);

 private:
  const CallRules& rules_;
  ReplyGrammar grammar_;
  std::vector<std::string> markers_;  // those that have rules
};

}  // namespace rocmforge::text
