// Builds the grammar of a form's calls, with which generation can be constrained to calls.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/chat/reply.h"

namespace rocmforge::text {

struct JsonRule {
  std::string rule;
  std::string schema;  // a JSON schema; "{}" allows any value
};

// `gbnf` holds the rules; its "root" matches the calls, without reasoning or text before them. Rules that are used but
// not defined there are in `json_rules`: each matches a JSON value of its schema, without white space around it. If
// calls are optional, the grammar applies from the beginning of the first of `triggers`.
struct ReplyGrammar {
  std::string gbnf;
  std::vector<JsonRule> json_rules;
  std::vector<std::string> triggers;
};

struct CallRules {
  std::vector<ToolDeclaration> tools;  // a single one if a call of that tool is demanded
  bool parallel = true;                // allow several calls in a reply, if the form supports it
};

// Collects rules. The strings that it returns are expressions.
class GrammarWriter {
 public:
  explicit GrammarWriter(const CallRules& rules) : rules_(rules) {}

  const CallRules& rules() const { return rules_; }

  void rule(std::string_view name, std::string_view expression);
  // Adds complete rules, one per line.
  void rules_text(std::string_view text) { grammar_.gbnf += text; }
  // Returns an expression for a JSON value of the schema.
  std::string json(const std::string& name, std::string_view schema);
  // Returns an expression for any text up to and including the marker.
  std::string text_until(std::string_view marker);
  // Returns the tools as alternatives, calling `expression(tool, number)` for each.
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
  // Returns `one`, or several of it separated by `between` if calls may be parallel.
  std::string some(const std::string& one, const std::string& between) const;

  ReplyGrammar finish(std::vector<std::string> triggers);

  static std::string literal(std::string_view text);

 private:
  const CallRules& rules_;
  ReplyGrammar grammar_;
  std::vector<std::string> markers_;  // the markers that already have rules
};

}  // namespace rocmforge::text
