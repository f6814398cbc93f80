#include "text/jinja/interpreter.h"

#include <algorithm>

#include "base/text.h"
#include "text/jinja/comparison.h"
#include "text/jinja/dict.h"
#include "text/jinja/failure.h"
#include "text/jinja/iteration.h"
#include "text/jinja/printing.h"

namespace rocmforge::text::jinja {

Interpreter::Interpreter(const Tree& tree, const Value& context, const RenderOptions& options)
    : tree_(tree), options_(options), memory_(options.limits) {
  if (!context.object().is(Kind::kDict)) {
    throw error(ErrorCode::kUsage, "{}: the context is a {}, expected a dictionary", tree.name,
                type_name(context.object()));
  }
  globals_.reserve(tree.globals.size());
  for (const Object& name : tree.globals) {
    const Object* const given = find(*context.object().dict, view(name));
    Object value = given != nullptr ? *given : make_undefined(name);
    if (given == nullptr) {
      if (const Builtin* function = find_function(view(name)); function != nullptr) {
        value = Object(Kind::kFunction);
        value.builtin = function;
      }
    }
    globals_.push_back(value);
  }
}

Object Interpreter::run() {
  frame_ = make_frame(tree_.scope, nullptr);
  return captured([&] { execute(tree_.body); });
}

const std::tm& Interpreter::now() {
  if (options_.now) return *options_.now;
  if (!local_now_) {
    const std::time_t seconds = std::time(nullptr);
    local_now_.emplace();
    localtime_r(&seconds, &*local_now_);
  }
  return *local_now_;
}

Flow Interpreter::execute(const Block& block) {
  const TemplateMemory::DepthGuard deeper(memory_);
  for (const StatementPtr& statement : block) {
    memory_.charge(1);
    const Flow flow = statement->execute(*this);
    if (flow != Flow::kNext) return flow;
  }
  return Flow::kNext;
}

void Interpreter::print_object(const Object& object) { print(*out_, object); }

Frame* Interpreter::make_frame(const Scope& scope, Frame* outer) {
  return memory_.make(Frame{outer, memory_.make_array<Object>(scope.size())});
}

void Interpreter::assign(const Target& target, const Object& value) {
  switch (target.form) {
    case Target::Form::kName: frame_->slots[target.slot] = value; return;
    case Target::Form::kTuple: {
      const List* const items = items_of(memory_, value);
      position_ = target.offset;
      if (items->count != target.parts.size()) {
        throw failure("an assignment has {} values for {} variables", items->count, target.parts.size());
      }
      for (std::size_t i = 0; i < target.parts.size(); ++i) assign(target.parts[i], items->items[i]);
      return;
    }
    case Target::Form::kAttribute: {
      const Object space = evaluate(*target.namespace_name);
      position_ = target.offset;
      if (!space.is(Kind::kNamespace))
        throw failure("only a namespace can have variables set, but '{}' is a value of type '{}'",
                      view(target.namespace_name->text), type_name(space));
      insert(memory_, *space.dict, target.attribute, value);
      return;
    }
  }
}

// ---- Calls ----

Object Interpreter::call(const Object& callee, const Arguments& arguments) {
  switch (callee.kind) {
    case Kind::kFunction: return run_builtin(*this, *callee.builtin, Object::none(), arguments);
    case Kind::kMethod: return run_builtin(*this, *callee.method->builtin, callee.method->self, arguments);
    case Kind::kMacro: return call_macro(*callee.macro, arguments);
    case Kind::kLoop: {
      if (!callee.loop->node->is_recursive)
        throw failure("loop() can be called only in a loop that is marked 'recursive'");
      if (arguments.positional.size() != 1 || !arguments.named.empty()) throw failure("loop() takes one argument");
      return captured(
          [&] { run_loop(*callee.loop->node, arguments.positional[0], callee.loop->outer, callee.loop->depth + 1); });
    }
    case Kind::kJoiner: {
      const bool first = !std::exchange(callee.joiner->used, true);
      return first ? make_text(memory_, "") : callee.joiner->separator;
    }
    case Kind::kUndefined: throw undefined_failure(callee);
    default: throw failure("a value of type '{}' cannot be called", type_name(callee));
  }
}

Object Interpreter::call_macro(const MacroObject& macro, const Arguments& arguments) {
  const TemplateMemory::DepthGuard deeper(memory_);
  const MacroDefinition& definition = *macro.definition;
  Frame* const frame = make_frame(*definition.scope, macro.frame);
  bind_arguments(macro, arguments, *frame);
  return in_frame(frame, [&] {
    for (const MacroDefinition::Parameter& parameter : definition.parameters) {
      Object& place = frame->slots[parameter.slot];
      if (place.is_set()) continue;
      place = parameter.fallback != nullptr ? evaluate(*parameter.fallback) : make_undefined(parameter.name);
    }
    return captured([&] { execute(definition.body); });
  });
}

void Interpreter::bind_arguments(const MacroObject& macro, const Arguments& arguments, Frame& frame) {
  const MacroDefinition& definition = *macro.definition;
  const std::size_t own = std::min(definition.parameters.size(), arguments.positional.size());
  for (std::size_t i = 0; i < own; ++i) frame.slots[definition.parameters[i].slot] = arguments.positional[i];
  const auto extra = arguments.positional.subspan(own);
  if (definition.extra_positional_slot >= 0) {
    frame.slots[definition.extra_positional_slot] = tuple_of(memory_, extra);
  } else if (!extra.empty()) {
    throw failure("macro '{}' accepts up to {} positional arguments, found {}", view(definition.name),
                  definition.parameters.size(), arguments.positional.size());
  }
  Dict* extra_named = nullptr;
  if (definition.extra_named_slot >= 0) {
    extra_named = make_dict(memory_);
    frame.slots[definition.extra_named_slot] = Object::of_dict(extra_named);
  }
  if (definition.caller_slot >= 0) frame.slots[definition.caller_slot] = make_undefined(make_text(memory_, "caller"));
  for (const NamedArgument& argument : arguments.named) bind_named(definition, argument, frame, extra_named);
}

void Interpreter::bind_named(const MacroDefinition& definition, const NamedArgument& argument, Frame& frame,
                             Dict*& extra) {
  const std::string_view name = view(argument.name);
  memory_.charge_items(definition.parameters.size());
  for (const MacroDefinition::Parameter& parameter : definition.parameters) {
    if (view(parameter.name) != name) continue;
    Object& place = frame.slots[parameter.slot];
    if (place.is_set()) throw failure("the argument '{}' of macro '{}' is given twice", name, view(definition.name));
    place = argument.value;
    return;
  }
  if (name == "caller" && definition.caller_slot >= 0) {
    frame.slots[definition.caller_slot] = argument.value;
  } else if (extra != nullptr && name != "caller") {
    insert(memory_, *extra, argument.name, argument.value);
  } else {
    throw failure("macro '{}' has no parameter '{}'", view(definition.name), printable(name));
  }
}

// ---- Loops ----

Object LoopState::item(std::int64_t i) const {
  if (iterable.is(Kind::kRange)) return Object::of_integer(iterable.range->at(i), iterable.origin);
  return iterable.list->items[i];
}

Object Interpreter::filtered_items(const For& node, const Object& iterable, Frame* outer) {
  List* const kept = make_list(memory_);
  in_frame(make_frame(*node.scope, outer), [&] {
    Iteration items(memory_, iterable);
    for (Object item; items.next(item);) {
      assign(node.target, item);
      if (is_true(evaluate(*node.condition))) append(memory_, *kept, item);
    }
    return true;
  });
  return Object::of_list(kept);
}

Flow Interpreter::run_loop(const For& node, const Object& iterable, Frame* outer, std::int64_t depth) {
  const TemplateMemory::DepthGuard deeper(memory_);
  position_ = node.offset;
  LoopState* const loop = memory_.make(LoopState{&node, outer, iterable, 0, 0, depth, Object()});
  if (node.condition != nullptr) {
    loop->iterable = filtered_items(node, iterable, outer);
  } else if (!iterable.is(Kind::kRange)) {
    // The loop only reads the list, which may belong to the context.
    loop->iterable = Object::of_list(const_cast<List*>(items_of(memory_, iterable)));  // NOLINT
  }
  const bool is_range = loop->iterable.is(Kind::kRange);
  loop->count = is_range ? loop->iterable.range->count() : static_cast<std::int64_t>(loop->iterable.list->count);
  if (loop->count != 0) return run_passes(node, *loop);
  if (node.otherwise.empty()) return Flow::kNext;
  return in_frame(make_frame(*node.else_scope, outer), [&] { return execute(node.otherwise); });
}

Flow Interpreter::run_passes(const For& node, LoopState& loop) {
  Object loop_object(Kind::kLoop);
  loop_object.loop = &loop;
  Frame* frame = nullptr;
  for (; loop.index < loop.count; ++loop.index) {
    memory_.charge(1 + node.scope->size() / 8);
    if (frame == nullptr || node.scope->is_captured) {
      frame = make_frame(*node.scope, loop.outer);
    } else {
      std::fill_n(frame->slots, node.scope->size(), Object());
    }
    frame->slots[node.loop_slot] = loop_object;
    const Flow flow = in_frame(frame, [&] {
      assign(node.target, loop.item(loop.index));
      return execute(node.body);
    });
    if (flow == Flow::kBreak) break;
  }
  return Flow::kNext;
}

// ---- Arguments ----

EvaluatedArguments::EvaluatedArguments(Interpreter& interpreter, const ArgumentList& list, const NamedArgument* extra) {
  TemplateMemory& memory = interpreter.memory();
  const std::size_t count = list.positional.size();
  Object* const positional = count <= few_.size() ? few_.data() : memory.make_array<Object>(count);
  for (std::size_t i = 0; i < count; ++i) positional[i] = interpreter.evaluate(*list.positional[i]);
  arguments_.positional = {positional, count};
  if (list.spread_list != nullptr) spread_list(interpreter, interpreter.evaluate(*list.spread_list));

  std::size_t named_count = list.named.size() + (extra != nullptr ? 1 : 0);
  NamedArgument* const named =
      named_count <= few_named_.size() ? few_named_.data() : memory.make_array<NamedArgument>(named_count);
  for (std::size_t i = 0; i < list.named.size(); ++i) {
    named[i] = {list.named[i].first, interpreter.evaluate(*list.named[i].second)};
  }
  if (extra != nullptr) named[named_count - 1] = *extra;
  arguments_.named = {named, named_count};
  if (list.spread_dict != nullptr) spread_dict(interpreter, interpreter.evaluate(*list.spread_dict));
}

void EvaluatedArguments::spread_list(Interpreter& interpreter, const Object& list) {
  List* const all = make_list(interpreter.memory());
  for (const Object& argument : arguments_.positional) append(interpreter.memory(), *all, argument);
  Iteration items(interpreter.memory(), list);
  for (Object item; items.next(item);) append(interpreter.memory(), *all, item);
  arguments_.positional = all->span();
}

void EvaluatedArguments::spread_dict(Interpreter& interpreter, const Object& dict) {
  if (!dict.is_mapping()) throw failure("the value after '**' has type '{}', expected a dictionary", type_name(dict));
  const std::size_t before = arguments_.named.size();
  NamedArgument* const all = interpreter.memory().make_array<NamedArgument>(before + dict.dict->count);
  std::ranges::copy(arguments_.named, all);
  for (std::uint32_t i = 0; i < dict.dict->count; ++i) {
    const DictEntry& entry = dict.dict->entries[i];
    if (!entry.key.is_string())
      throw failure("the dictionary after '**' has a key of type '{}', expected strings", type_name(entry.key));
    all[before + i] = {entry.key, entry.value};
  }
  arguments_.named = {all, before + dict.dict->count};
}

}  // namespace rocmforge::text::jinja
