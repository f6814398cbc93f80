// A template as a tree: what the parser makes and the interpreter goes through. Immutable once it is parsed.
//
// Each node knows how to evaluate itself; that is written in interpreter*.cpp, by kind.
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
  std::uint32_t offset = 0;  // where in the source, for messages
  int height = 1;            // levels of the tree from here on

  virtual ~Expression() = default;
  virtual Object evaluate(Interpreter& interpreter) const = 0;
};
using ExpressionPtr = std::unique_ptr<Expression>;

// How a statement ended: whether the loop around it goes on.
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
  Scope* scope = nullptr;             // where it stands
  std::vector<VariablePlace> places;  // where it may have a value, the innermost first
  std::uint32_t global = 0;           // what the context has by that name
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

using UnaryOperator = Object (*)(Workspace& work, const Object& operand);
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

// a < b <= c: each operand is evaluated once, and none behind the first that does not hold.
struct Comparison : Expression {
  using Holds = bool (*)(Workspace& work, const Object& left, const Object& right);
  ExpressionPtr first;
  std::vector<std::pair<Holds, ExpressionPtr>> rest;
  Object evaluate(Interpreter& interpreter) const override;
};

// `and`, `or`: the operand that decided.
struct Logic : Expression {
  bool stops_at = false;  // the truth that decides: false for `and`
  ExpressionPtr left, right;
  Object evaluate(Interpreter& interpreter) const override;
};

struct Conditional : Expression {
  ExpressionPtr condition, then, otherwise;  // `otherwise` may be missing
  Object missing;                            // what it is then
  Object evaluate(Interpreter& interpreter) const override;
};

struct Attribute : Expression {
  ExpressionPtr subject;
  Object name;
  // The methods of that name, nullptr where there is none.
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
  const Attribute* method = nullptr;  // the callee, where it is object.name
  ArgumentList arguments;
  Object evaluate(Interpreter& interpreter) const override;
  // With one more argument: the caller of a call block.
  Object evaluate_with(Interpreter& interpreter, const NamedArgument* extra) const;
};

// subject|filter(arguments). In a filter block the subject is missing and is what the block printed.
struct FilterExpression : Expression {
  ExpressionPtr subject;
  Object name;
  const Builtin* filter = nullptr;  // nullptr: there is none of that name, which is an error when it is needed
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

// ---- What a value is assigned to ----

struct Target {
  enum class Form { kName, kTuple, kAttribute };
  Form form = Form::kName;
  std::uint32_t offset = 0;
  std::uint32_t slot = 0;                // kName: in the frame of the moment
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
    ExpressionPtr condition;  // missing: else
    Block body;
  };
  std::vector<Branch> branches;
  Flow execute(Interpreter& interpreter) const override;
};

struct For : Statement {
  Target target;
  ExpressionPtr iterable, condition;  // `condition` may be missing
  bool is_recursive = false;
  bool uses_loop = true;
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

// A body in a scope of its own whose text is kept, filtered, or printed as it is.
struct ScopedBlock : Statement {
  std::unique_ptr<Scope> scope;
  Block body;
  ExpressionPtr filter;            // a chain that begins at the body's text; may be missing
  std::unique_ptr<Target> target;  // where it goes; missing: it is printed
  Flow execute(Interpreter& interpreter) const override;
};

struct With : Statement {
  std::vector<std::pair<Target, ExpressionPtr>> assignments;
  std::unique_ptr<Scope> scope;
  Block body;
  Flow execute(Interpreter& interpreter) const override;
};

// What a macro statement and the body of a call block have in common.
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
  // Slots of what the body asks for; -1: it does not.
  std::int64_t caller_slot = -1, extra_positional_slot = -1, extra_named_slot = -1;
};

struct Macro : Statement {
  MacroDefinition definition;
  std::uint32_t slot = 0;  // of its name
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

// ---- The whole ----

struct Tree {
  std::string name;
  std::string source;  // with \n at every line's end
  Workspace constants{Workspace::unlimited()};
  Scope scope;
  std::vector<Object> globals;  // the names that may mean something of the context, as strings
  Block body;
};

// A node that begins at a place of the source.
template <typename Node>
std::unique_ptr<Node> node_at(std::uint32_t offset) {
  auto node = std::make_unique<Node>();
  node->offset = offset;
  return node;
}

}  // namespace rocmforge::text::jinja
