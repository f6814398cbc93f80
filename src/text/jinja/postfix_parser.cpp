// The second half of ExpressionParser: parses attributes, subscripts, calls, filters and tests.
#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "text/jinja/expression_parser.h"
#include "text/jinja/text_object.h"

namespace rocmforge::text::jinja {
ExpressionPtr ExpressionParser::parse_postfix(ExpressionPtr subject) {
  while (true) {
    if (current().is_operator(".")) {
      subject = parse_attribute(std::move(subject));
    } else if (current().is_operator("[")) {
      subject = parse_subscript(std::move(subject));
    } else if (current().is_operator("(")) {
      subject = parse_call(std::move(subject));
    } else {
      return subject;
    }
  }
}

ExpressionPtr ExpressionParser::parse_filters_and_tests(ExpressionPtr subject) {
  while (true) {
    if (current().is_operator("|")) {
      take();
      subject = parse_filter(std::move(subject));
    } else if (current().is_name("is")) {
      subject = parse_test(std::move(subject));
    } else if (current().is_operator("(")) {
      subject = parse_call(std::move(subject));
    } else {
      return subject;
    }
  }
}

ExpressionPtr ExpressionParser::parse_filters(ExpressionPtr subject, bool first_without_bar) {
  bool has_bar = first_without_bar || take_operator("|");
  while (has_bar) {
    subject = parse_filter(std::move(subject));
    has_bar = take_operator("|");
  }
  return subject;
}

// Parses x.name or x.0.
ExpressionPtr ExpressionParser::parse_attribute(ExpressionPtr subject) {
  const std::uint32_t offset = take().offset;
  if (current().kind == TokenKind::kInteger) {
    auto node = node_at<Subscript>(offset);
    node->index = parse_number();
    node->subject = std::move(subject);
    return grown(std::move(node), {node->subject.get()});
  }
  auto node = node_at<Attribute>(offset);
  const std::string name = any_name("a name or a number behind '.'");
  node->name = constant(name);
  node->text_method = find_text_method(name);
  node->list_method = find_list_method(name);
  node->dict_method = find_dict_method(name);
  node->subject = std::move(subject);
  return grown(std::move(node), {node->subject.get()});
}

ExpressionPtr ExpressionParser::parse_subscript(ExpressionPtr subject) {
  take();
  if (current().is_operator("]")) fail("expected an index before ']'");
  ExpressionPtr node = parse_subscript_part(std::move(subject));
  expect_operator("]");
  return node;
}

// Parses an index, several indices (a tuple), or a slice start:stop:step, each part of which may be missing.
ExpressionPtr ExpressionParser::parse_subscript_part(ExpressionPtr subject) {
  const std::uint32_t offset = current().offset;
  ExpressionPtr start;
  if (!current().is_operator(":")) {
    start = parse_tuple();
    if (!current().is_operator(":")) {
      auto node = node_at<Subscript>(offset);
      node->subject = std::move(subject);
      node->index = std::move(start);
      return grown(std::move(node), {node->subject.get(), node->index.get()});
    }
  }
  auto node = node_at<Slice>(offset);
  node->subject = std::move(subject);
  node->start = std::move(start);
  expect_operator(":");
  if (!current().is_operator(":") && !current().is_operator("]")) node->stop = parse_expression();
  if (take_operator(":") && !current().is_operator("]")) node->step = parse_expression();
  return grown(std::move(node), {node->subject.get(), node->start.get(), node->stop.get(), node->step.get()});
}

ExpressionPtr ExpressionParser::parse_call(ExpressionPtr callee) {
  auto node = node_at<CallExpression>(current().offset);
  node->method = dynamic_cast<const Attribute*>(callee.get());
  node->callee = std::move(callee);
  node->arguments = parse_arguments();
  node->height = height_of(node->arguments);
  return grown(std::move(node), {node->callee.get()});
}

int ExpressionParser::height_of(const ArgumentList& arguments) const {
  int height = 0;
  const auto look_at = [&](const ExpressionPtr& argument) {
    if (argument != nullptr) height = std::max(height, argument->height);
  };
  for (const ExpressionPtr& argument : arguments.positional) look_at(argument);
  for (const auto& [name, argument] : arguments.named) look_at(argument);
  look_at(arguments.spread_list);
  look_at(arguments.spread_dict);
  return height + 1;
}

// Parses (a, *b, c=d, **e).
ArgumentList ExpressionParser::parse_arguments() {
  ArgumentList arguments;
  expect_operator("(");
  for (bool first = true; !current().is_operator(")"); first = false) {
    if (!first) {
      expect_operator(",");
      if (current().is_operator(")")) break;
    }
    const bool only_named = !arguments.named.empty() || arguments.spread_dict != nullptr;
    if (take_operator("*")) {
      if (arguments.spread_list != nullptr || arguments.spread_dict != nullptr)
        fail("a call may have one '*' argument, before any '**'");
      arguments.spread_list = parse_expression();
    } else if (take_operator("**")) {
      if (arguments.spread_dict != nullptr) fail("a call may have one '**' argument");
      arguments.spread_dict = parse_expression();
    } else if (current().kind == TokenKind::kName && ahead().is_operator("=")) {
      if (arguments.spread_dict != nullptr) fail("a named argument follows '**'");
      const Object name = constant(take().text);
      take();
      arguments.named.emplace_back(name, parse_expression());
    } else {
      if (only_named || arguments.spread_list != nullptr)
        fail("a positional argument follows a named one, '*' or '**'");
      arguments.positional.push_back(parse_expression());
    }
  }
  expect_operator(")");
  return arguments;
}

ExpressionPtr ExpressionParser::parse_filter(ExpressionPtr subject) {
  auto node = node_at<FilterExpression>(current().offset);
  const std::string name = any_name("a filter's name");
  node->filter = find_filter(name);
  node->name = constant(name);
  if (node->filter == nullptr) {
    unknown_names_.push_back({node->offset, fmt::format("there is no filter '{}'", printable(name))});
  }
  if (current().is_operator("(")) node->arguments = parse_arguments();
  node->height = height_of(node->arguments);
  node->subject = std::move(subject);
  return grown(std::move(node), {node->subject.get()});
}

// Parses `subject is [not] test`, with arguments in parentheses or one argument without.
ExpressionPtr ExpressionParser::parse_test(ExpressionPtr subject) {
  take();
  auto node = node_at<TestExpression>(current().offset);
  node->negated = take_name("not");
  const std::string name = any_name("a test's name");
  node->test = find_test(name);
  node->name = constant(name);
  if (node->test == nullptr) {
    unknown_names_.push_back({node->offset, fmt::format("there is no test '{}'", printable(name))});
  }
  const Token& next = current();
  const bool is_word = next.is_name("else") || next.is_name("or") || next.is_name("and") || next.is_name("if");
  const bool is_value = next.kind == TokenKind::kName || next.kind == TokenKind::kString ||
                        next.kind == TokenKind::kInteger || next.kind == TokenKind::kFloat || next.is_operator("[") ||
                        next.is_operator("{");
  if (next.is_operator("(")) {
    node->arguments = parse_arguments();
  } else if (is_value && !is_word) {
    if (next.is_name("is")) fail("'is' follows a test; combine tests with 'and'");
    const DepthGuard deeper(*this);
    node->arguments.positional.push_back(parse_postfix(parse_primary()));
  }
  node->height = height_of(node->arguments);
  node->subject = std::move(subject);
  return grown(std::move(node), {node->subject.get()});
}

}  // namespace rocmforge::text::jinja
