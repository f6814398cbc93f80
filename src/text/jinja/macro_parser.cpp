// Parses macros and {% call %} blocks, and resolves the variables that names refer to.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "text/jinja/statement_parser.h"
#include "text/jinja/text_object.h"

namespace rocmforge::text::jinja {

void StatementParser::parse_parameters(MacroDefinition& macro) {
  expect_operator("(");
  while (!current().is_operator(")")) {
    if (!macro.parameters.empty()) {
      expect_operator(",");
      if (current().is_operator(")")) break;
    }
    const Token word = current();
    const std::string name = any_name("a parameter's name");
    if (scope_->find(name) >= 0)
      fail_at(word.offset, fmt::format("the parameter '{}' is declared twice", printable(name)));
    MacroDefinition::Parameter parameter{constant(name), scope_->declare(name), nullptr};
    if (take_operator("=")) {
      parameter.fallback = parse_expression();
    } else if (!macro.parameters.empty() && macro.parameters.back().fallback != nullptr) {
      fail_at(word.offset, fmt::format("the parameter '{}' needs a default value because the one before it has one",
                                       printable(name)));
    }
    macro.parameters.push_back(std::move(parameter));
  }
  expect_operator(")");
}

// Requires: the current scope is the macro's.
void StatementParser::parse_macro_body(MacroDefinition& macro, const Token& word, std::string_view end,
                                       bool has_parameters) {
  macro.scope->is_macro = true;
  for (Scope* scope = macro.scope->outer; scope != nullptr; scope = scope->outer) scope->is_captured = true;
  if (has_parameters) parse_parameters(macro);
  macros_.push_back(&macro);
  if (end == "endmacro") {
    end_tag();
    const int loops_outside = std::exchange(loops_, 0);
    macro.body = parse_body({end}, word.text);
    loops_ = loops_outside;
    end_tag();
  }
}

StatementPtr StatementParser::parse_macro(const Token& word) {
  auto node = statement_at<Macro>(word);
  const std::string name = any_name("the macro's name");
  node->slot = scope_->declare(name);
  node->definition.name = constant(name);
  node->definition.scope = inner_scope();
  const InScope in_scope(scope_, *node->definition.scope);
  parse_macro_body(node->definition, word, "endmacro", true);
  return node;
}

// Parses {% call(parameters) macro(arguments) %}. The call is outside the scope of the body.
StatementPtr StatementParser::parse_call_block(const Token& word) {
  auto node = statement_at<CallBlock>(word);
  node->caller.name = constant("caller");
  node->caller.scope = inner_scope();
  {
    const InScope in_scope(scope_, *node->caller.scope);
    parse_macro_body(node->caller, word, "", current().is_operator("("));
  }
  const std::uint32_t offset = current().offset;
  ExpressionPtr call = parse_expression();
  if (dynamic_cast<CallExpression*>(call.get()) == nullptr) fail_at(offset, "expected a call of a macro");
  node->call.reset(static_cast<CallExpression*>(call.release()));
  end_tag();
  const int loops_outside = std::exchange(loops_, 0);
  node->caller.body = parse_scoped(*node->caller.scope, "call", "endcall");
  loops_ = loops_outside;
  return node;
}

// Declares caller, varargs or kwargs in the enclosing macro, which defines them only if its body uses them.
void StatementParser::declare_asked_of_macro(const Name& name) {
  const std::string_view text = view(name.text);
  if (text != "caller" && text != "varargs" && text != "kwargs") return;
  for (Scope* scope = name.scope; scope != nullptr; scope = scope->outer) {
    if (scope->is_macro) scope->declare(text);
    if (scope->is_macro || scope->find(text) >= 0) return;
  }
}

void StatementParser::resolve_names() {
  for (const Name* name : names_) declare_asked_of_macro(*name);
  for (Name* name : names_) {
    std::uint32_t frames_out = 0;
    for (const Scope* scope = name->scope; scope != nullptr; scope = scope->outer, ++frames_out) {
      const std::int64_t slot = scope->find(view(name->text));
      if (slot >= 0) name->places.push_back({frames_out, static_cast<std::uint32_t>(slot)});
    }
  }
  for (MacroDefinition* macro : macros_) {
    const auto asked = [&](std::string_view name) {
      const auto is_name = [&](const MacroDefinition::Parameter& p) { return view(p.name) == name; };
      return std::ranges::any_of(macro->parameters, is_name) ? -1 : macro->scope->find(name);
    };
    macro->caller_slot = asked("caller");
    macro->extra_positional_slot = asked("varargs");
    macro->extra_named_slot = asked("kwargs");
  }
}

}  // namespace rocmforge::text::jinja
