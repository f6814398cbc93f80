// Statements: {% ... %}.
#include "text/jinja/parser.h"

#include <algorithm>
#include <array>
#include <initializer_list>

#include <fmt/format.h>

#include "base/text.h"
#include "text/jinja/expression_parser.h"
#include "text/jinja/text_object.h"

namespace rocmforge::text::jinja {
namespace {

class Parser : private ExpressionParser {
 public:
  explicit Parser(Tree& tree) : ExpressionParser(tree, tokenize(tree.source)) {}

  void run() {
    tree_.body = parse_body({}, "");
    refuse_unknown_names();
    resolve_names();
  }

 private:
  using Words = std::initializer_list<std::string_view>;

  // Statements until one of the words; the word is taken, the rest of its tag is not.
  Block parse_body(Words ends, std::string_view inside, std::string* end = nullptr);
  StatementPtr parse_tag(const Token& word);

  // As parse_body, in a scope of its own. The tag behind the end word is closed.
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
  int loops_ = 0;  // around the statement, within its macro
};

template <typename Node>
std::unique_ptr<Node> statement_at(const Token& word) {
  auto node = std::make_unique<Node>();
  node->offset = word.offset;
  return node;
}

std::string quoted_list(std::initializer_list<std::string_view> words) {
  std::string list;
  for (const std::string_view word : words) list += fmt::format("{}'{}'", list.empty() ? "" : " or ", word);
  return list;
}

// Puts another scope in the place of the current one for as long as it lives.
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

std::unique_ptr<Scope> Parser::inner_scope() const {
  auto scope = std::make_unique<Scope>();
  scope->outer = scope_;
  return scope;
}

Block Parser::parse_body(Words ends, std::string_view inside, std::string* end) {
  const Deeper deeper(*this);
  const std::uint32_t start = current().offset;
  Block body;
  while (true) {
    const Token token = take();
    switch (token.kind) {
      case TokenKind::kText: {
        auto node = statement_at<PrintText>(token);
        node->text = make_text(tree_.constants, token.text);
        body.push_back(std::move(node));
        break;
      }
      case TokenKind::kVariableBegin: {
        auto node = statement_at<PrintExpression>(token);
        node->expression = parse_tuple();
        expect(TokenKind::kVariableEnd, "'}}'");
        body.push_back(std::move(node));
        break;
      }
      case TokenKind::kBlockBegin: {
        Token word = current();
        const std::string name = any_name("a tag's name");
        if (std::ranges::find(ends, name) != ends.end()) {
          if (end != nullptr) *end = name;
          return body;
        }
        if (name.starts_with("end") || name == "else" || name == "elif") {
          fail_at(word.offset, ends.size() == 0 ? fmt::format("'{}' closes nothing", name)
                                                : fmt::format("'{}' where {} is expected, which closes '{}'", name,
                                                              quoted_list(ends), inside));
        }
        if (StatementPtr node = parse_tag(word)) body.push_back(std::move(node));
        break;
      }
      default:
        if (ends.size() == 0) return body;
        fail_at(start, fmt::format("this '{}' is never closed: {} is missing", inside, quoted_list(ends)));
    }
  }
}

StatementPtr Parser::parse_tag(const Token& word) {
  using Parse = StatementPtr (Parser::*)(const Token&);
  static constexpr std::array<std::pair<std::string_view, Parse>, 13> kTags = {{
      {"if", &Parser::parse_if},
      {"for", &Parser::parse_for},
      {"set", &Parser::parse_set},
      {"macro", &Parser::parse_macro},
      {"call", &Parser::parse_call_block},
      {"filter", &Parser::parse_filter_block},
      {"with", &Parser::parse_with},
      {"generation", &Parser::parse_plain_block},
      {"block", &Parser::parse_plain_block},
      {"break", &Parser::parse_loop_control},
      {"continue", &Parser::parse_loop_control},
      {"print", &Parser::parse_print},
      {"autoescape", nullptr},
  }};
  const auto tag = std::ranges::find(kTags, word.text, &std::pair<std::string_view, Parse>::first);
  if (tag != kTags.end() && tag->second != nullptr) return (this->*tag->second)(word);
  static constexpr std::array<std::string_view, 5> kOfOtherFiles = {"extends", "include", "import", "from",
                                                                    "autoescape"};
  if (std::ranges::find(kOfOtherFiles, word.text) != kOfOtherFiles.end()) {
    fail_at(word.offset, fmt::format("'{}' is not supported: a chat template stands alone", word.text));
  }
  fail_at(word.offset, fmt::format("there is no tag '{}'", printable(word.text)));
}

Block Parser::parse_scoped(Scope& scope, std::string_view inside, std::string_view end) {
  const InScope in_scope(scope_, scope);
  Block body = parse_body({end}, inside);
  end_tag();
  return body;
}

StatementPtr Parser::parse_if(const Token& word) {
  auto node = statement_at<If>(word);
  const std::size_t known_before = unknown_count();
  for (std::string end = "elif"; end == "elif";) {
    If::Branch branch;
    branch.condition = parse_tuple(Conditionals::kRefused);
    end_tag();
    branch.body = parse_body({"elif", "else", "endif"}, "if", &end);
    node->branches.push_back(std::move(branch));
    if (end != "else") continue;
    end_tag();
    node->branches.push_back({nullptr, parse_body({"endif"}, "if")});
  }
  end_tag();
  mark_conditional_since(known_before);
  return node;
}

StatementPtr Parser::parse_for(const Token& word) {
  auto node = statement_at<For>(word);
  node->scope = inner_scope();
  node->else_scope = inner_scope();
  std::string end;
  {
    const InScope in_scope(scope_, *node->scope);
    node->loop_slot = scope_->declare("loop");
    node->target = parse_target(false);
    expect_name("in");
  }
  node->iterable = parse_tuple(Conditionals::kRefused);
  {
    const InScope in_scope(scope_, *node->scope);
    if (take_name("if")) node->condition = parse_expression();
    node->is_recursive = take_name("recursive");
    end_tag();
    ++loops_;
    node->body = parse_body({"else", "endfor"}, "for", &end);
    --loops_;
  }
  if (end == "else") {
    end_tag();
    const InScope in_scope(scope_, *node->else_scope);
    node->otherwise = parse_body({"endfor"}, "for");
  }
  end_tag();
  return node;
}

// set a = 1 · set a, b = 1, 2 · set space.name = 1 · set a|filter ... endset
StatementPtr Parser::parse_set(const Token& word) {
  Target target = parse_target(true);
  if (take_operator("=")) {
    auto node = statement_at<Set>(word);
    node->target = std::move(target);
    node->value = parse_tuple();
    end_tag();
    return node;
  }
  auto node = statement_at<ScopedBlock>(word);
  node->target = std::make_unique<Target>(std::move(target));
  node->filter = parse_filters(nullptr, false);
  end_tag();
  node->scope = inner_scope();
  node->body = parse_scoped(*node->scope, "set", "endset");
  return node;
}

Target Parser::parse_target(bool allows_attribute) {
  Target first = parse_single_target(allows_attribute);
  if (!current().is_operator(",")) return first;
  Target tuple;
  tuple.form = Target::Form::kTuple;
  tuple.offset = first.offset;
  tuple.parts.push_back(std::move(first));
  while (take_operator(",") && (current().kind == TokenKind::kName || current().is_operator("(")) &&
         !current().is_name("in")) {
    tuple.parts.push_back(parse_single_target(allows_attribute));
  }
  return tuple;
}

Target Parser::parse_single_target(bool allows_attribute) {
  const Deeper deeper(*this);
  Target target;
  target.offset = current().offset;
  if (take_operator("(")) {
    target = parse_target(allows_attribute);
    expect_operator(")");
    return target;
  }
  const Token word = current();
  const std::string name = any_name("a variable's name");
  static constexpr std::array<std::string_view, 6> kConstants = {"true", "false", "none", "True", "False", "None"};
  if (std::ranges::find(kConstants, name) != kConstants.end()) {
    fail_at(word.offset, fmt::format("'{}' cannot be assigned to", name));
  }
  if (allows_attribute && take_operator(".")) {
    target.form = Target::Form::kAttribute;
    target.namespace_name = make_name(name, word.offset);
    target.attribute = constant(any_name("the name of a namespace's attribute"));
  } else {
    target.slot = scope_->declare(name);
  }
  return target;
}

// ---- Macros ----

void Parser::parse_parameters(MacroDefinition& macro) {
  expect_operator("(");
  while (!current().is_operator(")")) {
    if (!macro.parameters.empty()) {
      expect_operator(",");
      if (current().is_operator(")")) break;
    }
    const Token word = current();
    const std::string name = any_name("a parameter's name");
    if (scope_->find(name) >= 0) fail_at(word.offset, fmt::format("a second parameter '{}'", printable(name)));
    MacroDefinition::Parameter parameter{constant(name), scope_->declare(name), nullptr};
    if (take_operator("=")) {
      parameter.fallback = parse_expression();
    } else if (!macro.parameters.empty() && macro.parameters.back().fallback != nullptr) {
      fail_at(word.offset, fmt::format("'{}' needs a default, as the one before has", printable(name)));
    }
    macro.parameters.push_back(std::move(parameter));
  }
  expect_operator(")");
}

// The scope is the macro's already.
void Parser::parse_macro_body(MacroDefinition& macro, const Token& word, std::string_view end, bool has_parameters) {
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

StatementPtr Parser::parse_macro(const Token& word) {
  auto node = statement_at<Macro>(word);
  const std::string name = any_name("the macro's name");
  node->slot = scope_->declare(name);
  node->definition.name = constant(name);
  node->definition.scope = inner_scope();
  const InScope in_scope(scope_, *node->definition.scope);
  parse_macro_body(node->definition, word, "endmacro", true);
  return node;
}

// {% call(parameters) macro(arguments) %}: the call stands outside of the body's scope.
StatementPtr Parser::parse_call_block(const Token& word) {
  auto node = statement_at<CallBlock>(word);
  node->caller.name = constant("caller");
  node->caller.scope = inner_scope();
  {
    const InScope in_scope(scope_, *node->caller.scope);
    parse_macro_body(node->caller, word, "", current().is_operator("("));
  }
  const std::uint32_t offset = current().offset;
  ExpressionPtr call = parse_expression();
  if (dynamic_cast<CallExpression*>(call.get()) == nullptr) fail_at(offset, "expected the call of a macro");
  node->call.reset(static_cast<CallExpression*>(call.release()));
  end_tag();
  const int loops_outside = std::exchange(loops_, 0);
  node->caller.body = parse_scoped(*node->caller.scope, "call", "endcall");
  loops_ = loops_outside;
  return node;
}

// ---- The rest ----

StatementPtr Parser::parse_filter_block(const Token& word) {
  auto node = statement_at<ScopedBlock>(word);
  node->filter = parse_filters(nullptr, true);
  end_tag();
  node->scope = inner_scope();
  node->body = parse_scoped(*node->scope, "filter", "endfilter");
  return node;
}

StatementPtr Parser::parse_with(const Token& word) {
  auto node = statement_at<With>(word);
  node->scope = inner_scope();
  while (current().kind != TokenKind::kBlockEnd) {
    if (!node->assignments.empty()) expect_operator(",");
    Target target;
    {
      const InScope in_scope(scope_, *node->scope);
      target = parse_single_target(false);
    }
    expect_operator("=");
    node->assignments.emplace_back(std::move(target), parse_expression());
  }
  end_tag();
  node->body = parse_scoped(*node->scope, "with", "endwith");
  return node;
}

// generation marks what a model wrote, for training; block, what a template that extends this one could replace.
StatementPtr Parser::parse_plain_block(const Token& word) {
  auto node = statement_at<ScopedBlock>(word);
  if (word.text == "block") {
    any_name("the block's name");
    while (current().kind == TokenKind::kName) take();  // scoped, required
  }
  end_tag();
  node->scope = inner_scope();
  const bool is_block = word.text == "block";
  {
    const InScope in_scope(scope_, *node->scope);
    node->body = parse_body({is_block ? "endblock" : "endgeneration"}, word.text);
  }
  if (is_block && current().kind == TokenKind::kName) take();
  end_tag();
  return node;
}

StatementPtr Parser::parse_loop_control(const Token& word) {
  if (loops_ == 0) fail_at(word.offset, fmt::format("'{}' outside of a loop", word.text));
  auto node = statement_at<LoopControl>(word);
  node->flow = word.text == "break" ? Flow::kBreak : Flow::kContinue;
  end_tag();
  return node;
}

StatementPtr Parser::parse_print(const Token& word) {
  auto node = statement_at<PrintExpression>(word);
  node->expression = parse_tuple();
  end_tag();
  return node;
}

// ---- Names ----

// caller, varargs and kwargs belong to the macro around, which has them only when somebody asks.
void Parser::declare_asked_of_macro(const Name& name) {
  const std::string_view text = view(name.text);
  if (text != "caller" && text != "varargs" && text != "kwargs") return;
  for (Scope* scope = name.scope; scope != nullptr; scope = scope->outer) {
    if (scope->is_macro) scope->declare(text);
    if (scope->is_macro || scope->find(text) >= 0) return;
  }
}

void Parser::resolve_names() {
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

}  // namespace

void parse_into(Tree& tree) { Parser(tree).run(); }

}  // namespace rocmforge::text::jinja
