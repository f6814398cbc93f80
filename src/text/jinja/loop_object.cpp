// Implements the attributes of the variable `loop`.
#include <array>
#include <utility>

#include "text/jinja/comparison.h"
#include "text/jinja/interpreter.h"
#include "text/jinja/iteration.h"

namespace rocmforge::text::jinja {
namespace {

Object cycle(Call& call) {
  const auto items = call.raw.positional;
  if (items.empty()) throw failure("loop.cycle() needs at least one item");
  return items[static_cast<std::size_t>(call.self.loop->index) % items.size()];
}

Object changed(Call& call) {
  const Object now = tuple_of(call.memory, call.raw.positional);
  Object& before = call.self.loop->changed;
  if (before.is_set() && equal(call.memory, before, now)) return Object::boolean(false);
  before = now;
  return Object::boolean(true);
}

constexpr Builtin kCycle = {"cycle", cycle, any_arguments()};
constexpr Builtin kChanged = {"changed", changed, any_arguments()};

Object neighbour(TemplateMemory& memory, const LoopState& loop, std::int64_t index) {
  if (index >= 0 && index < loop.count) return loop.item(index);
  return make_undefined(make_text(memory, index < 0 ? "there is no previous item" : "there is no next item"),
                        Kind::kUndefined);
}

}  // namespace

Object loop_attribute(TemplateMemory& memory, const Object& object, std::string_view name) {
  const LoopState& loop = *object.loop;
  const std::array<std::pair<std::string_view, std::int64_t>, 7> numbers = {{
      {"index", loop.index + 1},
      {"index0", loop.index},
      {"revindex", loop.count - loop.index},
      {"revindex0", loop.count - loop.index - 1},
      {"length", loop.count},
      {"depth", loop.depth + 1},
      {"depth0", loop.depth},
  }};
  if (name == "first") return Object::boolean(loop.index == 0);
  if (name == "last") return Object::boolean(loop.index + 1 == loop.count);
  for (const auto& [which, number] : numbers) {
    if (which == name) return Object::of_integer(number);
  }
  if (name == "previtem") return neighbour(memory, loop, loop.index - 1);
  if (name == "nextitem") return neighbour(memory, loop, loop.index + 1);
  if (name == "cycle") return bind_method(memory, object, kCycle);
  if (name == "changed") return bind_method(memory, object, kChanged);
  return make_undefined(make_text(memory, name), Kind::kLoop);
}

}  // namespace rocmforge::text::jinja
