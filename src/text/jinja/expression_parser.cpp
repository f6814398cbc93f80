#include "text/jinja/expression_parser.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "text/jinja/failure.h"
#include "text/jinja/iteration.h"
#include "text/jinja/numbers.h"
#include "text/jinja/operators.h"
#include "text/jinja/text_object.h"

namespace rocmforge::text::jinja {
namespace {

std::string described(const Token& token) {
  switch (token.kind) {
    case TokenKind::kText: return "text";
    case TokenKind::kBlockBegin: return "'{%'";
    case TokenKind::kBlockEnd: return "'%}'";
    case TokenKind::kVariableBegin: return "'{{'";
    case TokenKind::kVariableEnd: return "'}}'";
    case TokenKind::kEnd: return "the end of the template";
    case TokenKind::kString: return fmt::format("the string '{}'", printable(token.text, 40));
    default: return fmt::format("'{}'", printable(token.text, 40));
  }
}

}  // namespace

ExpressionParser::ExpressionParser(Tree& tree, std::vector<Token> tokens)
    : tree_(tree), scope_(&tree.scope), tokens_(std::move(tokens)) {}

// ---- Tokens ----

Token ExpressionParser::take() {
  const Token token = current();
  if (token.kind != TokenKind::kEnd) ++at_;
  return token;
}

bool ExpressionParser::take_operator(std::string_view text) {
  if (!current().is_operator(text)) return false;
  ++at_;
  return true;
}

bool ExpressionParser::take_name(std::string_view text) {
  if (!current().is_name(text)) return false;
  ++at_;
  return true;
}

void ExpressionParser::expect_operator(std::string_view text) {
  if (!take_operator(text)) fail(fmt::format("expected '{}', found {}", text, described(current())));
}

void ExpressionParser::expect_name(std::string_view text) {
  if (!take_name(text)) fail(fmt::format("expected '{}', found {}", text, described(current())));
}

void ExpressionParser::expect(TokenKind kind, std::string_view what) {
  if (current().kind != kind) fail(fmt::format("expected {}, found {}", what, described(current())));
  take();
}

std::string ExpressionParser::any_name(std::string_view what) {
  if (current().kind != TokenKind::kName) fail(fmt::format("expected {}, found {}", what, described(current())));
  return take().text;
}

void ExpressionParser::fail_at(std::uint32_t offset, const std::string& message) const {
  throw SyntaxFailure{offset, message};
}

void ExpressionParser::fail_too_high() const {
  fail(fmt::format("expressions are nested deeper than {} levels, or a chain of operators is longer", kMaxTreeHeight));
}

void ExpressionParser::fail_unexpected() const {
  fail(fmt::format("expected an expression, found {}", described(current())));
}

// ---- Names and constants ----

Object ExpressionParser::constant(std::string_view text) {
  const auto [place, is_new] = constants_.try_emplace(std::string(text));
  if (is_new) place->second = make_text(tree_.constants, text);
  return place->second;
}

std::unique_ptr<Name> ExpressionParser::make_name(const std::string& text, std::uint32_t offset) {
  auto name = node_at<Name>(offset);
  name->text = constant(text);
  name->scope = scope_;
  const auto [place, is_new] = globals_.try_emplace(text, static_cast<std::uint32_t>(tree_.globals.size()));
  if (is_new) tree_.globals.push_back(name->text);
  name->global = place->second;
  names_.push_back(name.get());
  return name;
}

void ExpressionParser::mark_conditional_since(std::size_t count) {
  for (std::size_t i = count; i < unknown_names_.size(); ++i) unknown_names_[i].is_conditional = true;
}

void ExpressionParser::refuse_unknown_names() const {
  for (const UnknownName& name : unknown_names_) {
    if (!name.is_conditional) fail_at(name.offset, name.message);
  }
}

ExpressionPtr ExpressionParser::literal(const Object& value, std::uint32_t offset) {
  auto node = node_at<Literal>(offset);
  node->value = value;
  return node;
}

// ---- Operators, from the loosest to the tightest ----

ExpressionPtr ExpressionParser::parse_expression() {
  const DepthGuard deeper(*this);
  const std::size_t known_before = unknown_count();
  ExpressionPtr value = parse_or();
  while (current().is_name("if")) {
    auto node = node_at<Conditional>(take().offset);
    node->condition = parse_or();
    if (take_name("else")) node->otherwise = parse_expression();
    node->missing = make_undefined(
        constant("the inline if-expression has no value: its condition is false, without else"), Kind::kUndefined);
    node->then = std::move(value);
    value = grown(std::move(node), {node->then.get(), node->condition.get(), node->otherwise.get()});
    mark_conditional_since(known_before);
  }
  return value;
}

ExpressionPtr ExpressionParser::parse_or() {
  ExpressionPtr left = parse_and();
  while (current().is_name("or")) {
    auto node = node_at<Logic>(take().offset);
    node->stops_at = true;
    node->left = std::move(left);
    node->right = parse_and();
    left = grown(std::move(node), {node->left.get(), node->right.get()});
  }
  return left;
}

ExpressionPtr ExpressionParser::parse_and() {
  ExpressionPtr left = parse_not();
  while (current().is_name("and")) {
    auto node = node_at<Logic>(take().offset);
    node->left = std::move(left);
    node->right = parse_not();
    left = grown(std::move(node), {node->left.get(), node->right.get()});
  }
  return left;
}

ExpressionPtr ExpressionParser::parse_not() {
  if (!current().is_name("not")) return parse_comparison();
  const DepthGuard deeper(*this);
  auto node = node_at<Unary>(take().offset);
  node->apply = negated_truth;
  node->operand = parse_not();
  return grown(std::move(node), {node->operand.get()});
}

ExpressionPtr ExpressionParser::parse_comparison() {
  ExpressionPtr first = parse_sum();
  auto node = node_at<Comparison>(current().offset);
  while (true) {
    Comparison::Holds holds = nullptr;
    if (current().kind == TokenKind::kOperator) {
      holds = find_comparison(current().text);
    } else if (current().is_name("in")) {
      holds = is_in;
    } else if (current().is_name("not") && ahead().is_name("in")) {
      take();
      holds = is_not_in;
    }
    if (holds == nullptr) break;
    take();
    node->rest.emplace_back(holds, parse_sum());
    node = grown(std::move(node), {node->rest.back().second.get()});
  }
  if (node->rest.empty()) return first;
  node->first = std::move(first);
  return grown(std::move(node), {node->first.get()});
}

ExpressionPtr ExpressionParser::binary(BinaryOperator apply, std::uint32_t offset, ExpressionPtr left,
                                       ExpressionPtr right) {
  auto node = node_at<Binary>(offset);
  node->apply = apply;
  node->left = std::move(left);
  node->right = std::move(right);
  return grown(std::move(node), {node->left.get(), node->right.get()});
}

ExpressionPtr ExpressionParser::parse_sum() {
  ExpressionPtr left = parse_concatenation();
  while (current().is_operator("+") || current().is_operator("-")) {
    const Token sign = take();
    left = binary(sign.text == "+" ? sum : difference, sign.offset, std::move(left), parse_concatenation());
  }
  return left;
}

ExpressionPtr ExpressionParser::parse_concatenation() {
  ExpressionPtr first = parse_product();
  if (!current().is_operator("~")) return first;
  auto node = node_at<Concatenation>(current().offset);
  node->parts.push_back(std::move(first));
  while (take_operator("~")) node->parts.push_back(parse_product());
  for (const ExpressionPtr& part : node->parts) node = grown(std::move(node), {part.get()});
  return node;
}

ExpressionPtr ExpressionParser::parse_product() {
  ExpressionPtr left = parse_power();
  while (current().kind == TokenKind::kOperator) {
    const BinaryOperator apply = find_product_operator(current().text);
    if (apply == nullptr) break;
    const std::uint32_t offset = take().offset;
    left = binary(apply, offset, std::move(left), parse_power());
  }
  return left;
}

ExpressionPtr ExpressionParser::parse_power() {
  ExpressionPtr left = parse_unary(true);
  while (current().is_operator("**")) {
    const std::uint32_t offset = take().offset;
    left = binary(power, offset, std::move(left), parse_unary(true));
  }
  return left;
}

ExpressionPtr ExpressionParser::parse_unary(bool with_filters) {
  const DepthGuard deeper(*this);
  ExpressionPtr value;
  if (current().is_operator("-") || current().is_operator("+")) {
    const Token sign = take();
    auto node = node_at<Unary>(sign.offset);
    node->apply = sign.text == "-" ? negative : positive;
    node->operand = parse_unary(false);
    value = grown(std::move(node), {node->operand.get()});
  } else {
    value = parse_primary();
  }
  value = parse_postfix(std::move(value));
  return with_filters ? parse_filters_and_tests(std::move(value)) : std::move(value);
}

// ---- Literals ----

ExpressionPtr ExpressionParser::parse_primary() {
  switch (current().kind) {
    case TokenKind::kName: return parse_name();
    case TokenKind::kString: return parse_string();
    case TokenKind::kInteger:
    case TokenKind::kFloat: return parse_number();
    case TokenKind::kOperator:
      if (current().text == "(") return parse_parenthesized();
      if (current().text == "[") return parse_list();
      if (current().text == "{") return parse_dict();
      break;
    default: break;
  }
  fail_unexpected();
}

ExpressionPtr ExpressionParser::parse_name() {
  const Token token = take();
  const std::string& name = token.text;
  if (name == "true" || name == "True") return literal(Object::boolean(true), token.offset);
  if (name == "false" || name == "False") return literal(Object::boolean(false), token.offset);
  if (name == "none" || name == "None") return literal(Object::none(), token.offset);
  return make_name(name, token.offset);
}

// Parses adjacent strings as one string.
ExpressionPtr ExpressionParser::parse_string() {
  const std::uint32_t offset = current().offset;
  std::string text;
  while (current().kind == TokenKind::kString) text += take().text;
  return literal(constant(text), offset);
}

ExpressionPtr ExpressionParser::parse_number() {
  const Token token = take();
  const auto value =
      token.kind == TokenKind::kFloat ? parse_float(token.text) : parse_integer(tree_.constants, token.text, 0);
  if (!value) fail_at(token.offset, fmt::format("'{}' is not a number", printable(token.text, 40)));
  return literal(*value, token.offset);
}

bool ExpressionParser::is_tuple_end() const {
  return current().kind == TokenKind::kVariableEnd || current().kind == TokenKind::kBlockEnd ||
         current().is_operator(")") || current().is_name("recursive");
}

ExpressionPtr ExpressionParser::parse_tuple(Conditionals conditionals) {
  const bool whole = conditionals == Conditionals::kAllowed;
  auto node = node_at<Sequence>(current().offset);
  node->kind = Kind::kTuple;
  ExpressionPtr first = whole ? parse_expression() : parse_or();
  if (!current().is_operator(",")) return first;
  node->items.push_back(std::move(first));
  while (take_operator(",") && !is_tuple_end()) node->items.push_back(whole ? parse_expression() : parse_or());
  for (const ExpressionPtr& item : node->items) node = grown(std::move(node), {item.get()});
  return node;
}

ExpressionPtr ExpressionParser::parse_parenthesized() {
  const Token open = take();
  ExpressionPtr value;
  if (current().is_operator(")")) {
    auto empty = node_at<Sequence>(open.offset);
    empty->kind = Kind::kTuple;
    value = std::move(empty);
  } else {
    value = parse_tuple();
  }
  expect_operator(")");
  return value;
}

ExpressionPtr ExpressionParser::parse_list() {
  auto node = node_at<Sequence>(take().offset);
  while (!current().is_operator("]")) {
    if (!node->items.empty()) {
      expect_operator(",");
      if (current().is_operator("]")) break;
    }
    node->items.push_back(parse_expression());
    node = grown(std::move(node), {node->items.back().get()});
  }
  expect_operator("]");
  return node;
}

ExpressionPtr ExpressionParser::parse_dict() {
  auto node = node_at<DictLiteral>(take().offset);
  while (!current().is_operator("}")) {
    if (!node->entries.empty()) {
      expect_operator(",");
      if (current().is_operator("}")) break;
    }
    ExpressionPtr key = parse_expression();
    expect_operator(":");
    ExpressionPtr value = parse_expression();
    node = grown(std::move(node), {key.get(), value.get()});
    node->entries.emplace_back(std::move(key), std::move(value));
  }
  expect_operator("}");
  return node;
}

}  // namespace rocmforge::text::jinja
