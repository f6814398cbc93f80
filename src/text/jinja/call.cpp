#include "text/jinja/call.h"

#include <algorithm>

#include "base/text.h"
#include "text/jinja/comparison.h"
#include "text/jinja/interpreter.h"
#include "text/jinja/iteration.h"

namespace rocmforge::text::jinja {
namespace {

std::size_t parameter_of(const Builtin& builtin, const Object& name) {
  const Parameters& parameters = builtin.parameters;
  for (std::size_t i = 0; i < parameters.count; ++i) {
    if (parameters.names[i] == view(name)) return i;
  }
  throw failure("{}() has no parameter '{}'", builtin.name, printable(view(name)));
}

void bind(Call& call) {
  const Parameters& parameters = call.builtin.parameters;
  const Arguments& given = call.raw;
  if (given.positional.size() > parameters.count) {
    throw failure("{}() accepts up to {} positional arguments, found {}", call.builtin.name, parameters.count,
                  given.positional.size());
  }
  std::ranges::copy(given.positional, call.bound.begin());
  for (const NamedArgument& argument : given.named) {
    Object& place = call.bound[parameter_of(call.builtin, argument.name)];
    if (place.is_set()) {
      throw failure("the argument '{1}' of {0}() is given twice", call.builtin.name, printable(view(argument.name)));
    }
    place = argument.value;
  }
  for (std::size_t i = 0; i < parameters.required; ++i) {
    if (!call.bound[i].is_set()) {
      throw failure("{}() needs the argument '{}'", call.builtin.name, parameters.names[i]);
    }
  }
}

}  // namespace

const Object* Arguments::find(std::string_view name) const {
  for (const NamedArgument& argument : named) {
    if (view(argument.name) == name) return &argument.value;
  }
  return nullptr;
}

std::int64_t Call::integer(std::size_t i, std::int64_t fallback) const {
  if (!bound[i].is_set()) return fallback;
  if (bound[i].is_integral()) return bound[i].as_integer();
  if (bound[i].is_undefined()) throw undefined_failure(bound[i]);
  throw failure("{}() needs an integer as '{}', not {}", builtin.name, builtin.parameters.names[i],
                type_name(bound[i]));
}

bool Call::flag(std::size_t i, bool fallback) const { return bound[i].is_set() ? is_true(bound[i]) : fallback; }

Object Call::text(std::size_t i) const {
  if (bound[i].is_string()) return bound[i];
  if (bound[i].is_undefined()) throw undefined_failure(bound[i]);
  throw failure("{}() needs a string as '{}', not {}", builtin.name, builtin.parameters.names[i], type_name(bound[i]));
}

Object Call::text_or(std::size_t i, std::string_view fallback) const {
  return bound[i].is_set() ? text(i) : make_text(memory, fallback);
}

Object run_builtin(Interpreter& interpreter, const Builtin& builtin, const Object& self, const Arguments& arguments) {
  Call call{interpreter, interpreter.memory(), builtin, self, arguments};
  if (!builtin.parameters.any) bind(call);
  return builtin.run(call);
}

const Builtin* find_builtin(std::span<const Builtin> table, std::string_view name) {
  const auto found = std::ranges::find(table, name, &Builtin::name);
  return found == table.end() ? nullptr : &*found;
}

}  // namespace rocmforge::text::jinja
