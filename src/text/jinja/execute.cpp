// Implements the execution of every kind of statement.
#include "text/jinja/comparison.h"
#include "text/jinja/interpreter.h"

namespace rocmforge::text::jinja {

Flow PrintText::execute(Interpreter& interpreter) const {
  interpreter.set_position(offset);
  interpreter.print_text(text);
  return Flow::kNext;
}

Flow PrintExpression::execute(Interpreter& interpreter) const {
  const Object value = interpreter.evaluate(*expression);
  interpreter.set_position(offset);
  interpreter.print_object(value);
  return Flow::kNext;
}

Flow If::execute(Interpreter& interpreter) const {
  for (const Branch& branch : branches) {
    if (branch.condition == nullptr || is_true(interpreter.evaluate(*branch.condition))) {
      return interpreter.execute(branch.body);
    }
  }
  return Flow::kNext;
}

Flow For::execute(Interpreter& interpreter) const {
  return interpreter.run_loop(*this, interpreter.evaluate(*iterable), interpreter.frame(), 0);
}

Flow Set::execute(Interpreter& interpreter) const {
  const Object object = interpreter.evaluate(*value);
  interpreter.set_position(offset);
  interpreter.assign(target, object);
  return Flow::kNext;
}

Flow ScopedBlock::execute(Interpreter& interpreter) const {
  Frame* const inner = interpreter.make_frame(*scope, interpreter.frame());
  const auto run = [&] { return interpreter.in_frame(inner, [&] { return interpreter.execute(body); }); };
  if (target == nullptr && filter == nullptr) return run();
  Flow flow = Flow::kNext;
  Object text = interpreter.captured([&] { flow = run(); });
  if (filter != nullptr) {
    interpreter.block_text = text;
    text = interpreter.evaluate(*filter);
  }
  interpreter.set_position(offset);
  if (target != nullptr) {
    interpreter.assign(*target, text);
  } else {
    interpreter.print_object(text);
  }
  return flow;
}

Flow With::execute(Interpreter& interpreter) const {
  Frame* const inner = interpreter.make_frame(*scope, interpreter.frame());
  for (const auto& [target, expression] : assignments) {
    const Object value = interpreter.evaluate(*expression);
    interpreter.in_frame(inner, [&] {
      interpreter.assign(target, value);
      return true;
    });
  }
  return interpreter.in_frame(inner, [&] { return interpreter.execute(body); });
}

Flow Macro::execute(Interpreter& interpreter) const {
  Object macro(Kind::kMacro);
  macro.macro = interpreter.memory().make(MacroObject{&definition, interpreter.frame()});
  interpreter.frame()->slots[slot] = macro;
  return Flow::kNext;
}

Flow CallBlock::execute(Interpreter& interpreter) const {
  NamedArgument argument;
  argument.name = caller.name;
  argument.value = Object(Kind::kMacro);
  argument.value.macro = interpreter.memory().make(MacroObject{&caller, interpreter.frame()});
  const Object text = call->evaluate_with(interpreter, &argument);
  interpreter.set_position(offset);
  interpreter.print_object(text);
  return Flow::kNext;
}

Flow LoopControl::execute(Interpreter&) const { return flow; }

}  // namespace rocmforge::text::jinja
