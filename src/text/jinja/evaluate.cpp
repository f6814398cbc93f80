// Implements the evaluation of every kind of expression.
#include "base/text.h"
#include "text/jinja/comparison.h"
#include "text/jinja/dict.h"
#include "text/jinja/interpreter.h"
#include "text/jinja/iteration.h"
#include "text/jinja/printing.h"

namespace rocmforge::text::jinja {

Object Literal::evaluate(Interpreter&) const { return value; }

Object Name::evaluate(Interpreter& interpreter) const {
  const Frame* frame = interpreter.frame();
  std::uint32_t out = 0;
  for (const VariablePlace& place : places) {
    for (; out < place.frames_out; ++out) frame = frame->outer;
    if (const Object& value = frame->slots[place.slot]; value.is_set()) return value;
  }
  return interpreter.global(global);
}

Object Sequence::evaluate(Interpreter& interpreter) const {
  List* const list = make_list(interpreter.memory(), items.size());
  for (const ExpressionPtr& item : items) append(interpreter.memory(), *list, interpreter.evaluate(*item));
  list->is_changeable = kind == Kind::kList;
  return Object::of_list(list, kind);
}

Object DictLiteral::evaluate(Interpreter& interpreter) const {
  Dict* const dict = make_dict(interpreter.memory(), entries.size());
  for (const auto& [key_expression, value_expression] : entries) {
    const Object key = interpreter.evaluate(*key_expression);
    const Object value = interpreter.evaluate(*value_expression);
    interpreter.set_position(offset);
    insert(interpreter.memory(), *dict, key, value);
  }
  return Object::of_dict(dict);
}

Object Unary::evaluate(Interpreter& interpreter) const {
  const Object value = interpreter.evaluate(*operand);
  interpreter.set_position(offset);
  return apply(interpreter.memory(), value);
}

Object Binary::evaluate(Interpreter& interpreter) const {
  const Object left_value = interpreter.evaluate(*left);
  const Object right_value = interpreter.evaluate(*right);
  interpreter.set_position(offset);
  return apply(interpreter, left_value, right_value);
}

Object Concatenation::evaluate(Interpreter& interpreter) const {
  TemplateMemory& memory = interpreter.memory();
  Object text = to_text(memory, interpreter.evaluate(*parts.front()));
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const Object part = interpreter.evaluate(*parts[i]);
    interpreter.set_position(offset);
    text = concatenated(memory, text, to_text(memory, part));
  }
  text.is_markup = false;
  return text;
}

Object Comparison::evaluate(Interpreter& interpreter) const {
  Object left = interpreter.evaluate(*first);
  for (const auto& [holds, operand] : rest) {
    const Object right = interpreter.evaluate(*operand);
    interpreter.set_position(offset);
    if (!holds(interpreter.memory(), left, right)) return Object::boolean(false);
    left = right;
  }
  return Object::boolean(true);
}

Object Logic::evaluate(Interpreter& interpreter) const {
  const Object value = interpreter.evaluate(*left);
  return is_true(value) == stops_at ? value : interpreter.evaluate(*right);
}

Object Conditional::evaluate(Interpreter& interpreter) const {
  if (is_true(interpreter.evaluate(*condition))) return interpreter.evaluate(*then);
  return otherwise != nullptr ? interpreter.evaluate(*otherwise) : missing;
}

Object Attribute::evaluate(Interpreter& interpreter) const {
  const Object object = interpreter.evaluate(*subject);
  if (object.is_mapping() && dict_method == nullptr) {
    if (const Object* value = find(*object.dict, view(name)); value != nullptr) return *value;
    return make_undefined(name, Kind::kDict);
  }
  interpreter.set_position(offset);
  return get_attribute(interpreter.memory(), object, name);
}

Object Subscript::evaluate(Interpreter& interpreter) const {
  const Object object = interpreter.evaluate(*subject);
  const Object key = interpreter.evaluate(*index);
  interpreter.set_position(offset);
  return get_item(interpreter.memory(), object, key);
}

Object Slice::evaluate(Interpreter& interpreter) const {
  const Object object = interpreter.evaluate(*subject);
  const auto bound = [&](const ExpressionPtr& expression) {
    return expression != nullptr ? interpreter.evaluate(*expression) : Object::none();
  };
  const Object from = bound(start);
  const Object to = bound(stop);
  const Object by = bound(step);
  interpreter.set_position(offset);
  return get_slice(interpreter.memory(), object, from, to, by);
}

Object CallExpression::evaluate(Interpreter& interpreter) const { return evaluate_with(interpreter, nullptr); }

namespace {

// Returns the language's own method that object.name() calls, or nullptr.
const Builtin* method_of(const Attribute& attribute, const Object& object) {
  if (object.is_string()) return attribute.text_method;
  if (object.is_mapping()) return attribute.dict_method;
  return object.is_sequence() ? attribute.list_method : nullptr;
}

}  // namespace

Object CallExpression::evaluate_with(Interpreter& interpreter, const NamedArgument* extra) const {
  // The common case object.method() is called without making a method object.
  if (method != nullptr) {
    const Object object = interpreter.evaluate(*method->subject);
    const Builtin* const known = method_of(*method, object);
    interpreter.set_position(method->offset);
    const Object function = known == nullptr ? get_attribute(interpreter.memory(), object, method->name) : Object();
    const EvaluatedArguments values(interpreter, arguments, extra);
    interpreter.set_position(method->offset);
    return known != nullptr ? run_builtin(interpreter, *known, object, values) : interpreter.call(function, values);
  }
  const Object function = interpreter.evaluate(*callee);
  const EvaluatedArguments values(interpreter, arguments, extra);
  interpreter.set_position(callee->offset);
  return interpreter.call(function, values);
}

Object FilterExpression::evaluate(Interpreter& interpreter) const {
  const Object value = subject != nullptr ? interpreter.evaluate(*subject) : interpreter.block_text;
  const EvaluatedArguments values(interpreter, arguments);
  interpreter.set_position(offset);
  if (filter == nullptr) throw failure("there is no filter '{}'", printable(view(name)));
  return run_builtin(interpreter, *filter, value, values);
}

Object TestExpression::evaluate(Interpreter& interpreter) const {
  const Object value = interpreter.evaluate(*subject);
  const EvaluatedArguments values(interpreter, arguments);
  interpreter.set_position(offset);
  if (test == nullptr) throw failure("there is no test '{}'", printable(view(name)));
  return Object::boolean(is_true(run_builtin(interpreter, *test, value, values)) != negated);
}

}  // namespace rocmforge::text::jinja
