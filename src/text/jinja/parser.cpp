// Parses statements: {% ... %}.
#include "text/jinja/parser.h"

#include <algorithm>
#include <array>
#include <initializer_list>

#include <fmt/format.h>

#include "base/text.h"
#include "text/jinja/statement_parser.h"

namespace rocmforge::text::jinja {
namespace {

std::string quoted_list(std::initializer_list<std::string_view> words) {
  std::string list;
  for (const std::string_view word : words) list += fmt::format("{}'{}'", list.empty() ? "" : " or ", word);
  return list;
}

}  // namespace

std::unique_ptr<Scope> StatementParser::inner_scope() const {
  auto scope = std::make_unique<Scope>();
  scope->outer = scope_;
  return scope;
}

Block StatementParser::parse_body(Words ends, std::string_view inside, std::string* end) {
  const DepthGuard deeper(*this);
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

StatementPtr StatementParser::parse_tag(const Token& word) {
  using Parse = StatementPtr (StatementParser::*)(const Token&);
  static constexpr std::array<std::pair<std::string_view, Parse>, 13> kTags = {{
      {"if", &StatementParser::parse_if},
      {"for", &StatementParser::parse_for},
      {"set", &StatementParser::parse_set},
      {"macro", &StatementParser::parse_macro},
      {"call", &StatementParser::parse_call_block},
      {"filter", &StatementParser::parse_filter_block},
      {"with", &StatementParser::parse_with},
      {"generation", &StatementParser::parse_plain_block},
      {"block", &StatementParser::parse_plain_block},
      {"break", &StatementParser::parse_loop_control},
      {"continue", &StatementParser::parse_loop_control},
      {"print", &StatementParser::parse_print},
      {"autoescape", nullptr},
  }};
  const auto tag = std::ranges::find(kTags, word.text, &std::pair<std::string_view, Parse>::first);
  if (tag != kTags.end() && tag->second != nullptr) return (this->*tag->second)(word);
  static constexpr std::array<std::string_view, 5> kOfOtherFiles = {"extends", "include", "import", "from",
                                                                    "autoescape"};
  if (std::ranges::find(kOfOtherFiles, word.text) != kOfOtherFiles.end()) {
    fail_at(word.offset,
            fmt::format("'{}' is not supported: a chat template cannot refer to other templates", word.text));
  }
  fail_at(word.offset, fmt::format("there is no tag '{}'", printable(word.text)));
}

Block StatementParser::parse_scoped(Scope& scope, std::string_view inside, std::string_view end) {
  const InScope in_scope(scope_, scope);
  Block body = parse_body({end}, inside);
  end_tag();
  return body;
}

StatementPtr StatementParser::parse_if(const Token& word) {
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

StatementPtr StatementParser::parse_for(const Token& word) {
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

// Parses the forms: set a = 1 · set a, b = 1, 2 · set space.name = 1 · set a|filter ... endset
StatementPtr StatementParser::parse_set(const Token& word) {
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

Target StatementParser::parse_target(bool allows_attribute) {
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

Target StatementParser::parse_single_target(bool allows_attribute) {
  const DepthGuard deeper(*this);
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

// ---- Other statements ----

StatementPtr StatementParser::parse_filter_block(const Token& word) {
  auto node = statement_at<ScopedBlock>(word);
  node->filter = parse_filters(nullptr, true);
  end_tag();
  node->scope = inner_scope();
  node->body = parse_scoped(*node->scope, "filter", "endfilter");
  return node;
}

StatementPtr StatementParser::parse_with(const Token& word) {
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

// Parses a block that only prints its body. `generation` marks the model's output for training; `block` marks a part
// that a derived template could replace.
StatementPtr StatementParser::parse_plain_block(const Token& word) {
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

StatementPtr StatementParser::parse_loop_control(const Token& word) {
  if (loops_ == 0) fail_at(word.offset, fmt::format("'{}' is allowed only inside a loop", word.text));
  auto node = statement_at<LoopControl>(word);
  node->flow = word.text == "break" ? Flow::kBreak : Flow::kContinue;
  end_tag();
  return node;
}

StatementPtr StatementParser::parse_print(const Token& word) {
  auto node = statement_at<PrintExpression>(word);
  node->expression = parse_tuple();
  end_tag();
  return node;
}

void parse_into(Tree& tree) { StatementParser(tree).run(); }

}  // namespace rocmforge::text::jinja
