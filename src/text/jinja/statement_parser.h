// Parses statements, on top of the parser of expressions. It is implemented in parser.cpp and, for macros and names, in
// macro_parser.cpp.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "text/jinja/expression_parser.h"
#include "text/jinja/tree.h"

namespace rocmforge::text::jinja {

class StatementParser : private ExpressionParser {
 public:
  explicit StatementParser(Tree& tree) : ExpressionParser(tree, tokenize(tree.source)) {}

  void run() {
    tree_.body = parse_body({}, "");
    refuse_unknown_names();
    resolve_names();
  }

 private:
  using Words = std::initializer_list<std::string_view>;

  // Parses statements until one of the words in `ends`. The word is consumed, the rest of its tag is not.
  Block parse_body(Words ends, std::string_view inside, std::string* end = nullptr);
  StatementPtr parse_tag(const Token& word);

  // Parses a body in a scope of its own, up to and including the tag of the end word.
  Block parse_scoped(Scope& scope, std::string_view inside, std::string_view end);

  StatementPtr parse_if(const Token& word);
  StatementPtr parse_for(const Token& word);
  StatementPtr parse_set(const Token& word);
  StatementPtr parse_macro(const Token& word);
  StatementPtr parse_call_block(const Token& word);
  StatementPtr parse_filter_block(const Token& word);
  StatementPtr parse_with(const Token& word);
  StatementPtr parse_plain_block(const Token& word);
  StatementPtr parse_loop_control(const Token& word);
  StatementPtr parse_print(const Token& word);

  Target parse_target(bool allows_attribute);
  Target parse_single_target(bool allows_attribute);
  void parse_parameters(MacroDefinition& macro);
  void parse_macro_body(MacroDefinition& macro, const Token& word, std::string_view end, bool has_parameters);

  std::unique_ptr<Scope> inner_scope() const;
  void end_tag() { expect(TokenKind::kBlockEnd, "'%}'"); }
  void resolve_names();
  void declare_asked_of_macro(const Name& name);

  std::vector<MacroDefinition*> macros_;
  int loops_ = 0;  // number of loops around the statement, within its macro
};

template <typename Node>
std::unique_ptr<Node> statement_at(const Token& word) {
  auto node = std::make_unique<Node>();
  node->offset = word.offset;
  return node;
}

// Makes `scope` the current scope while this object is alive.
class InScope {
 public:
  InScope(Scope*& current, Scope& scope) : current_(current), before_(current) { current = &scope; }
  InScope(const InScope&) = delete;
  InScope& operator=(const InScope&) = delete;
  ~InScope() { current_ = before_; }

 private:
  Scope*& current_;
  Scope* before_;
};

}  // namespace rocmforge::text::jinja
