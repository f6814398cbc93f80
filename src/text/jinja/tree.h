// The syntax tree of a template, which the parser makes and the interpreter evaluates. Immutable after parsing.
//
// Each node evaluates itself; the implementations are in evaluate.cpp and execute.cpp.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "text/jinja/call.h"
#include "text/jinja/object.h"
#include "text/jinja/scope.h"

namespace rocmforge::text::jinja {

class Interpreter;

struct Expression {
  std::uint32_t offset = 0;  // offset in the source, for messages
  int height = 1;            // height of the subtree

  virtual ~Expression() = default;
  virtual Object evaluate(Interpreter& interpreter) const = 0;
};
using ExpressionPtr = std::unique_ptr<Expression>;

// How a statement ended: whether the enclosing loop continues normally.
enum class Flow { kNext, kBreak, kContinue };

struct Statement {
  std::uint32_t offset = 0;

  virtual ~Statement() = default;
  virtual Flow execute(Interpreter& interpreter) const = 0;
};
using StatementPtr = std::unique_ptr<Statement>;
using Block = std::vector<StatementPtr>;

// ---- Expressions ----

struct Literal : Expression {
  Object value;
  Object evaluate(Interpreter& interpreter) const override;
};

struct Name : Expression {
  Object text;
  Scope* scope = nullptr;             // the scope in which the name stands
  std::vector<VariablePlace> places;  // where it may have a value, innermost first
  std::uint32_t global = 0;           // index into Tree::globals
  Object evaluate(Interpreter& interpreter) const override;
};

// [a, b] or (a, b)
struct Sequence : Expression {
  Kind kind = Kind::kList;
  std::vector<ExpressionPtr> items;
  Object evaluate(Interpreter& interpreter) const override;
};

struct DictLiteral : Expression {
  std::vector<std::pair<ExpressionPtr, ExpressionPtr>> entries;
  Object evaluate(Interpreter& interpreter) const override;
};

using UnaryOperator = Object (*)(TemplateMemory& memory, const Object& operand);
using BinaryOperator = Object (*)(Interpreter& interpreter, const Object& left, const Object& right);

struct Unary : Expression {
  UnaryOperator apply = nullptr;
  ExpressionPtr operand;
  Object evaluate(Interpreter& interpreter) const override;
};

struct Binary : Expression {
  BinaryOperator apply = nullptr;
  ExpressionPtr left, right;
  Object evaluate(Interpreter& interpreter) const override;
};

// a ~ b ~ c
struct Concatenation : Expression {
  std::vector<ExpressionPtr> parts;
  Object evaluate(Interpreter& interpreter) const override;
};

// a < b <= c: each operand is evaluated at most once, and evaluation stops at the first comparison that is false.
struct Comparison : Expression {
  using Holds = bool (*)(TemplateMemory& memory, const Object& left, const Object& right);
  ExpressionPtr first;
  std::vector<std::pair<Holds, ExpressionPtr>> rest;
  Object evaluate(Interpreter& interpreter) const override;
};

// `and`, `or`: the value is the operand that decided.
struct Logic : Expression {
  bool stops_at = false;  // the truth value that decides: false for `and`, true for `or`
  ExpressionPtr left, right;
  Object evaluate(Interpreter& interpreter) const override;
};

struct Conditional : Expression {
  ExpressionPtr condition, then, otherwise;  // `otherwise` may be missing
  Object missing;                            // the value if the condition is false and `otherwise` is missing
  Object evaluate(Interpreter& interpreter) const override;
};

struct Attribute : Expression {
  ExpressionPtr subject;
  Object name;
  // The methods of that name; nullptr if there is none.
  const Builtin* text_method = nullptr;
  const Builtin* list_method = nullptr;
  const Builtin* dict_method = nullptr;
  Object evaluate(Interpreter& interpreter) const override;
};

struct Subscript : Expression {
  ExpressionPtr subject, index;
  Object evaluate(Interpreter& interpreter) const override;
};

struct Slice : Expression {
  ExpressionPtr subject, start, stop, step;  // the last three may be missing
  Object evaluate(Interpreter& interpreter) const override;
};

struct ArgumentList {
  std::vector<ExpressionPtr> positional;
  std::vector<std::pair<Object, ExpressionPtr>> named;
  ExpressionPtr spread_list;  // *args
  ExpressionPtr spread_dict;  // **kwargs
};

struct CallExpression : Expression {
  ExpressionPtr callee;
  const Attribute* method = nullptr;  // the callee if it is object.name, else nullptr
  ArgumentList arguments;
  Object evaluate(Interpreter& interpreter) const override;
  // Evaluates the call with one more argument: the caller of a call block.
  Object evaluate_with(Interpreter& interpreter, const NamedArgument* extra) const;
};

// subject|filter(arguments). In a filter block the subject is missing; it is the text that the block printed.
struct FilterExpression : Expression {
  ExpressionPtr subject;
  Object name;
  const Builtin* filter = nullptr;  // nullptr if there is no such filter, which is an error when it is evaluated
  ArgumentList arguments;
  Object evaluate(Interpreter& interpreter) const override;
};

struct TestExpression : Expression {
  ExpressionPtr subject;
  Object name;
  const Builtin* test = nullptr;  // as above
  ArgumentList arguments;
  bool negated = false;
  Object evaluate(Interpreter& interpreter) const override;
};

// ---- Targets of assignments ----

struct Target {
  enum class Form { kName, kTuple, kAttribute };
  Form form = Form::kName;
  std::uint32_t offset = 0;
  std::uint32_t slot = 0;                // kName: slot in the current frame
  std::vector<Target> parts;             // kTuple
  std::unique_ptr<Name> namespace_name;  // kAttribute
  Object attribute;
};

// ---- Statements ----

struct PrintText : Statement {
  Object text;
  Flow execute(Interpreter& interpreter) const override;
};

struct PrintExpression : Statement {
  ExpressionPtr expression;
  Flow execute(Interpreter& interpreter) const override;
};

struct If : Statement {
  struct Branch {
    ExpressionPtr condition;  // null for the else branch
    Block body;
  };
  std::vector<Branch> branches;
  Flow execute(Interpreter& interpreter) const override;
};

struct For : Statement {
  Target target;
  ExpressionPtr iterable, condition;  // `condition` may be missing
  bool is_recursive = false;
  std::uint32_t loop_slot = 0;
  std::unique_ptr<Scope> scope;
  Block body;
  std::unique_ptr<Scope> else_scope;
  Block otherwise;
  Flow execute(Interpreter& interpreter) const override;
};

struct Set : Statement {
  Target target;
  ExpressionPtr value;
  Flow execute(Interpreter& interpreter) const override;
};

// A body with its own scope; its text is stored, filtered, or printed unchanged.
struct ScopedBlock : Statement {
  std::unique_ptr<Scope> scope;
  Block body;
  ExpressionPtr filter;            // a chain of filters applied to the body's text; may be missing
  std::unique_ptr<Target> target;  // where the text is stored; if null, it is printed
  Flow execute(Interpreter& interpreter) const override;
};

struct With : Statement {
  std::vector<std::pair<Target, ExpressionPtr>> assignments;
  std::unique_ptr<Scope> scope;
  Block body;
  Flow execute(Interpreter& interpreter) const override;
};

// The common part of a macro statement and the body of a call block.
struct MacroDefinition {
  struct Parameter {
    Object name;
    std::uint32_t slot;
    ExpressionPtr fallback;  // may be missing
  };
  Object name;
  std::vector<Parameter> parameters;
  std::unique_ptr<Scope> scope;
  Block body;
  // Slots of the variables caller, varargs and kwargs; -1 if the body does not use them.
  std::int64_t caller_slot = -1, extra_positional_slot = -1, extra_named_slot = -1;
};

struct Macro : Statement {
  MacroDefinition definition;
  std::uint32_t slot = 0;  // the slot of its name
  Flow execute(Interpreter& interpreter) const override;
};

struct CallBlock : Statement {
  std::unique_ptr<CallExpression> call;
  MacroDefinition caller;
  Flow execute(Interpreter& interpreter) const override;
};

struct LoopControl : Statement {
  Flow flow = Flow::kBreak;
  Flow execute(Interpreter& interpreter) const override;
};

// ---- The tree ----

struct Tree {
  std::string name;
  std::string source;  // normalized: every line ends with \n
  TemplateMemory constants{TemplateMemory::unlimited()};
  Scope scope;
  std::vector<Object> globals;  // the names that the context may define, as strings
  Block body;
};

// Makes a node that begins at `offset` of the source.
template <typename Node>
std::unique_ptr<Node> node_at(std::uint32_t offset) {
  auto node = std::make_unique<Node>();
  node->offset = offset;
  return node;
}

}  // namespace rocmforge::text::jinja
