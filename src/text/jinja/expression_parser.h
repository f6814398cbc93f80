// Parses expressions, that is, everything in a tag besides its keywords. The grammar is Jinja2's; these are its
// operators, from the loosest binding to the tightest:
//
//   a if b else c · or · and · not · comparisons and in · + - · ~ · * / // % · ** · unary - + · . [] () | is
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "text/jinja/lexer.h"
#include "text/jinja/limits.h"
#include "text/jinja/tree.h"

namespace rocmforge::text::jinja {

class ExpressionParser {
 protected:
  ExpressionParser(Tree& tree, std::vector<Token> tokens);

  // Counts the nesting depth while it is alive. Throws SyntaxFailure if the depth exceeds kMaxTreeHeight.
  class DepthGuard {
   public:
    explicit DepthGuard(ExpressionParser& parser) : parser_(parser) {
      if (++parser_.depth_ > kMaxTreeHeight) parser_.fail_too_high();
    }
    DepthGuard(const DepthGuard&) = delete;
    DepthGuard& operator=(const DepthGuard&) = delete;
    ~DepthGuard() { --parser_.depth_; }

   private:
    ExpressionParser& parser_;
  };

  // ---- Tokens ----

  const Token& current() const { return tokens_[at_]; }
  const Token& ahead() const { return tokens_[at_ + 1 < tokens_.size() ? at_ + 1 : at_]; }
  Token take();
  bool take_operator(std::string_view text);
  bool take_name(std::string_view text);
  void expect_operator(std::string_view text);
  void expect_name(std::string_view text);
  void expect(TokenKind kind, std::string_view what);
  std::string any_name(std::string_view what);
  [[noreturn]] void fail(const std::string& message) const { fail_at(current().offset, message); }
  [[noreturn]] void fail_at(std::uint32_t offset, const std::string& message) const;

  // ---- Expressions ----

  enum class Conditionals { kAllowed, kRefused };

  ExpressionPtr parse_expression();
  // Parses an expression, or a tuple without parentheses: a, b.
  ExpressionPtr parse_tuple(Conditionals conditionals = Conditionals::kAllowed);
  ArgumentList parse_arguments();
  // Parses subject|filter|filter(...). `subject` may be null. `first_without_bar`: whether the first filter is not
  // preceded by a bar.
  ExpressionPtr parse_filters(ExpressionPtr subject, bool first_without_bar);

  // ---- Names ----

  std::unique_ptr<Name> make_name(const std::string& text, std::uint32_t offset);
  Object constant(std::string_view text);

  // A filter or test that the language does not have. If a condition decides whether it is needed, it is an error only
  // when it is evaluated, because templates are written for several programs.
  struct UnknownName {
    std::uint32_t offset;
    std::string message;
    bool is_conditional = false;
  };
  std::size_t unknown_count() const { return unknown_names_.size(); }
  void mark_conditional_since(std::size_t count);
  void refuse_unknown_names() const;

  // Sets the node's height from its children's heights and returns the node. Throws SyntaxFailure if the tree is too
  // high. The node is passed by reference, so that a call may both move it and name its children.
  template <typename Node>
  std::unique_ptr<Node> grown(std::unique_ptr<Node>&& node, std::initializer_list<const Expression*> children);

  Tree& tree_;
  Scope* scope_;
  std::vector<Name*> names_;

 private:
  [[noreturn]] void fail_too_high() const;
  [[noreturn]] void fail_unexpected() const;
  bool is_tuple_end() const;

  ExpressionPtr parse_or();
  ExpressionPtr parse_and();
  ExpressionPtr parse_not();
  ExpressionPtr parse_comparison();
  ExpressionPtr parse_sum();
  ExpressionPtr parse_concatenation();
  ExpressionPtr parse_product();
  ExpressionPtr parse_power();
  ExpressionPtr parse_unary(bool with_filters);
  ExpressionPtr parse_primary();
  ExpressionPtr parse_name();
  ExpressionPtr parse_string();
  ExpressionPtr parse_number();
  ExpressionPtr parse_parenthesized();
  ExpressionPtr parse_list();
  ExpressionPtr parse_dict();
  ExpressionPtr parse_postfix(ExpressionPtr subject);
  ExpressionPtr parse_filters_and_tests(ExpressionPtr subject);
  ExpressionPtr parse_attribute(ExpressionPtr subject);
  ExpressionPtr parse_subscript(ExpressionPtr subject);
  ExpressionPtr parse_subscript_part(ExpressionPtr subject);
  ExpressionPtr parse_call(ExpressionPtr callee);
  ExpressionPtr parse_filter(ExpressionPtr subject);
  ExpressionPtr parse_test(ExpressionPtr subject);
  ExpressionPtr binary(BinaryOperator apply, std::uint32_t offset, ExpressionPtr left, ExpressionPtr right);
  ExpressionPtr literal(const Object& value, std::uint32_t offset);
  int height_of(const ArgumentList& arguments) const;

  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  int depth_ = 0;
  std::unordered_map<std::string, Object> constants_;
  std::unordered_map<std::string, std::uint32_t> globals_;
  std::vector<UnknownName> unknown_names_;
};

template <typename Node>
std::unique_ptr<Node> ExpressionParser::grown(std::unique_ptr<Node>&& node,
                                              std::initializer_list<const Expression*> children) {
  for (const Expression* child : children) {
    if (child != nullptr && child->height >= node->height) node->height = child->height + 1;
  }
  if (node->height > kMaxTreeHeight) fail_too_high();
  return std::move(node);
}

}  // namespace rocmforge::text::jinja
