// Implements object.name, object[index] and object[start:stop:step].
#include <algorithm>
#include <array>

#include "base/text.h"
#include "base/utf8.h"
#include "text/jinja/dict.h"
#include "text/jinja/interpreter.h"
#include "text/jinja/iteration.h"

namespace rocmforge::text::jinja {
namespace {

// Returns an undefined object; using it throws a Failure with this sentence as the message.
Object undefined_because(TemplateMemory& memory, std::string_view sentence) {
  return make_undefined(make_text(memory, sentence), Kind::kUndefined);
}

// Returns whether the method changes a collection. Jinja2's sandbox forbids these methods, so no template relies on
// them.
bool is_mutation(const Object& object, std::string_view name) {
  static constexpr std::array<std::string_view, 8> kOfLists = {"append", "clear",  "extend",  "insert",
                                                               "pop",    "remove", "reverse", "sort"};
  static constexpr std::array<std::string_view, 5> kOfDicts = {"clear", "pop", "popitem", "setdefault", "update"};
  if (object.is(Kind::kList)) return std::ranges::find(kOfLists, name) != kOfLists.end();
  return object.is_mapping() && std::ranges::find(kOfDicts, name) != kOfDicts.end();
}

const Builtin* find_method(const Object& object, std::string_view name) {
  if (object.is_string()) return find_text_method(name);
  if (object.is_mapping()) return find_dict_method(name);
  return object.is_sequence() || object.is(Kind::kRange) ? find_list_method(name) : nullptr;
}

Object macro_attribute(TemplateMemory& memory, const Object& macro, const Object& name) {
  const MacroDefinition& definition = *macro.macro->definition;
  const std::string_view which = view(name);
  if (which == "name") return definition.name;
  if (which == "catch_varargs") return Object::boolean(definition.extra_positional_slot >= 0);
  if (which == "catch_kwargs") return Object::boolean(definition.extra_named_slot >= 0);
  if (which == "caller") return Object::boolean(definition.caller_slot >= 0);
  if (which != "arguments") return make_undefined(name, Kind::kMacro);
  List* const names = make_list(memory, definition.parameters.size());
  for (const MacroDefinition::Parameter& parameter : definition.parameters) append(memory, *names, parameter.name);
  return Object::of_list(names, Kind::kTuple);
}

constexpr Builtin kNextOfCycler = {"next", [](Call& call) {
                                     Cycler& cycler = *call.self.cycler;
                                     const Object item = cycler.items->items[cycler.next];
                                     cycler.next = (cycler.next + 1) % cycler.items->count;
                                     return item;
                                   }};
constexpr Builtin kResetOfCycler = {"reset", [](Call& call) {
                                      call.self.cycler->next = 0;
                                      return Object::none();
                                    }};

Object cycler_attribute(TemplateMemory& memory, const Object& cycler, const Object& name) {
  const std::string_view which = view(name);
  if (which == "current") return cycler.cycler->items->items[cycler.cycler->next];
  if (which == "next") return bind_method(memory, cycler, kNextOfCycler);
  if (which == "reset") return bind_method(memory, cycler, kResetOfCycler);
  return make_undefined(name, Kind::kCycler);
}

// Returns the result for an attribute that the object does not have.
Object missing_attribute(TemplateMemory& memory, const Object& object, const Object& name) {
  const std::string_view which = view(name);
  if (which.starts_with("__") || is_mutation(object, which)) {
    return undefined_because(
        memory, fmt::format("templates may not use '{}' of a value of type '{}'", printable(which), type_name(object)));
  }
  return make_undefined(name, object.kind);
}

Object item_at(TemplateMemory& memory, const Object& object, std::int64_t index) {
  const auto count = static_cast<std::int64_t>(length_of_any(object));
  const std::int64_t at = index < 0 ? index + count : index;
  if (at < 0 || at >= count) {
    return undefined_because(memory, fmt::format("a value of type '{}' has no item {}", type_name(object), index));
  }
  if (object.is(Kind::kRange)) return Object::of_integer(object.range->at(at), object.origin);
  if (!object.is_string()) return object.list->items[at];
  memory.charge_bytes(object.size);
  const std::size_t begin = byte_offset(object, static_cast<std::size_t>(at));
  return substring(object, begin, begin + first_code_point(view(object).substr(begin)).length);
}

bool has_items(const Object& object) { return object.is_sequence() || object.is_string() || object.is(Kind::kRange); }

// Exceeds the length of any list and keeps the arithmetic on slices within 64 bits.
constexpr std::int64_t kGreatestStep = std::int64_t{1} << 40;

// A slice by Python's rules: negative bounds count from the end, and bounds outside the sequence are clamped.
struct SliceBounds {
  std::int64_t start, stop, step;

  std::int64_t count() const { return Range{start, stop, step}.count(); }
};

std::int64_t slice_number(const Object& object, std::int64_t fallback) {
  if (object.is(Kind::kNone)) return fallback;
  if (object.is_integral()) return object.as_integer();
  if (object.is_undefined()) throw undefined_failure(object);
  throw failure("a bound or step of a slice has type '{}', expected an integer", type_name(object));
}

SliceBounds slice_bounds(std::int64_t count, const Object& start, const Object& stop, const Object& step) {
  SliceBounds bounds{};
  bounds.step = std::clamp(slice_number(step, 1), -kGreatestStep, kGreatestStep);
  if (bounds.step == 0) throw failure("the step of a slice is 0");
  const bool forwards = bounds.step > 0;
  const auto clamped = [&](const Object& bound, std::int64_t fallback) {
    if (bound.is(Kind::kNone)) return fallback;
    const std::int64_t number = slice_number(bound, 0);
    const std::int64_t least = forwards ? 0 : -1;
    if (number < 0) return number < -count ? least : std::max(number + count, least);
    return std::min(number, forwards ? count : count - 1);
  };
  bounds.start = clamped(start, forwards ? 0 : count - 1);
  bounds.stop = clamped(stop, forwards ? count : -1);
  return bounds;
}

Object text_slice(TemplateMemory& memory, const Object& text, const SliceBounds& bounds) {
  memory.charge_bytes(text.size);
  const auto offset = [&](std::int64_t i) { return byte_offset(text, static_cast<std::size_t>(i)); };
  if (bounds.step == 1) {
    const std::size_t begin = offset(bounds.start);
    return substring(text, begin, std::max(begin, offset(std::max(bounds.start, bounds.stop))));
  }
  const List* const characters = items_of(memory, text);
  TextBuilder out(memory);
  for (std::int64_t i = 0; i < bounds.count(); ++i) {
    out.append(characters->items[bounds.start + i * bounds.step]);
  }
  return out.text();
}

}  // namespace

Object bind_method(TemplateMemory& memory, const Object& self, const Builtin& builtin) {
  Object object(Kind::kMethod);
  object.method = memory.make(BoundMethod{self, &builtin});
  return object;
}

Object get_attribute(TemplateMemory& memory, const Object& object, const Object& name) {
  const std::string_view which = view(name);
  if (const Builtin* method = find_method(object, which); method != nullptr)
    return bind_method(memory, object, *method);
  switch (object.kind) {
    case Kind::kUndefined: throw undefined_failure(object);
    case Kind::kDict:
    case Kind::kNamespace: {
      const Object* const value = find(*object.dict, which);
      return value != nullptr ? *value : missing_attribute(memory, object, name);
    }
    case Kind::kTuple:
      if (object.list->names_are_group && which == "grouper") return object.list->items[0];
      if (object.list->names_are_group && which == "list") return object.list->items[1];
      return missing_attribute(memory, object, name);
    case Kind::kMacro: return macro_attribute(memory, object, name);
    case Kind::kLoop: return loop_attribute(memory, object, which);
    case Kind::kCycler: return cycler_attribute(memory, object, name);
    default: return missing_attribute(memory, object, name);
  }
}

Object get_item(TemplateMemory& memory, const Object& object, const Object& index) {
  if (object.is_undefined()) throw undefined_failure(object);
  if (object.is_mapping()) {
    const bool can_be_key = !index.is(Kind::kList) && !index.is(Kind::kDict) && !index.is(Kind::kView);
    const Object* const value = can_be_key ? find(memory, *object.dict, index) : nullptr;
    if (value != nullptr) return *value;
    if (!index.is_string()) return undefined_because(memory, "the dictionary does not have this key");
    const Builtin* const method = find_dict_method(view(index));
    return method != nullptr ? bind_method(memory, object, *method) : make_undefined(index, Kind::kDict);
  }
  if (index.is_string()) return get_attribute(memory, object, index);
  if (index.is_integral() && has_items(object)) return item_at(memory, object, index.as_integer());
  return undefined_because(memory, fmt::format("a value of type '{}' does not have this item", type_name(object)));
}

Object get_slice(TemplateMemory& memory, const Object& object, const Object& start, const Object& stop,
                 const Object& step) {
  if (object.is_undefined()) throw undefined_failure(object);
  if (!has_items(object)) {
    throw failure("a value of type '{}' cannot be sliced", type_name(object));
  }
  const SliceBounds bounds = slice_bounds(static_cast<std::int64_t>(length_of_any(object)), start, stop, step);
  if (object.is_string()) return text_slice(memory, object, bounds);
  const std::int64_t count = bounds.count();
  memory.charge_items(static_cast<std::size_t>(count));
  if (object.is(Kind::kRange)) {
    const Range& whole = *object.range;
    Object range(Kind::kRange, object.origin);
    range.range = memory.make(Range{whole.at(bounds.start), whole.at(bounds.stop), whole.step * bounds.step});
    return range;
  }
  List* const list = make_list(memory, static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) {
    append(memory, *list, object.list->items[bounds.start + i * bounds.step]);
  }
  return Object::of_list(list, object.kind, object.origin);
}

}  // namespace rocmforge::text::jinja
