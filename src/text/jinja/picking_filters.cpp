// Implements filters that apply a filter or a test to each item: map, select, reject and their variants by attribute.
#include <array>

#include "base/text.h"
#include "text/jinja/comparison.h"
#include "text/jinja/interpreter.h"
#include "text/jinja/item_keys.h"
#include "text/jinja/iteration.h"
#include "text/jinja/numbers.h"
#include "text/jinja/text_operations.h"
#include "text/jinja/unicode.h"

namespace rocmforge::text::jinja {
namespace {

bool is_number_text(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// Values that count as false, such as none and 0, have no items here.
Iteration iteration_of(Call& call) {
  return {call.memory, is_true(call.self) ? call.self : Object::of_list(make_list(call.memory))};
}

// Applies one of the language's tests to an item.
class Condition {
 public:
  // Reads the test's name and its arguments, which follow the first `skipped` arguments.
  Condition(Call& call, std::size_t skipped) : call_(call) {
    const auto given = call.raw.positional.subspan(std::min(skipped, call.raw.positional.size()));
    if (given.empty()) return;
    if (!given[0].is_string()) throw failure("{} needs the name of a test", call.builtin.name);
    test_ = find_test(view(given[0]));
    if (test_ == nullptr) throw failure("there is no test '{}'", printable(view(given[0])));
    arguments_ = {given.subspan(1), call.raw.named};
  }

  bool holds(const Object& item) const {
    if (test_ == nullptr) return is_true(item);
    return is_true(run_builtin(call_.interpreter, *test_, item, arguments_));
  }

 private:
  Call& call_;
  const Builtin* test_ = nullptr;
  Arguments arguments_;
};

Object picked(Call& call, bool wanted, bool by_attribute) {
  if (by_attribute && call.raw.positional.empty()) throw failure("{} needs an attribute", call.builtin.name);
  const Condition condition(call, by_attribute ? 1 : 0);
  List* const kept = make_list(call.memory);
  Iteration items = iteration_of(call);
  for (Object item; items.next(item);) {
    const Object judged = by_attribute ? item_attribute(call, item, call.raw.positional[0]) : item;
    if (condition.holds(judged) == wanted) append(call.memory, *kept, item);
  }
  return make_generator(call.memory, kept, origin_of(call.self));
}

Object select(Call& call) { return picked(call, true, false); }
Object reject(Call& call) { return picked(call, false, false); }
Object select_attribute(Call& call) { return picked(call, true, true); }
Object reject_attribute(Call& call) { return picked(call, false, true); }

Object map_attribute(Call& call, const Object& attribute) {
  const Object* const fallback = call.raw.find("default");
  for (const NamedArgument& argument : call.raw.named) {
    const std::string_view name = view(argument.name);
    if (name != "attribute" && name != "default") {
      throw failure("map() has no parameter '{}'", printable(name));
    }
  }
  const KeyOf value_of{.attribute = attribute, .fallback = fallback != nullptr ? *fallback : Object()};
  List* const values = make_list(call.memory);
  Iteration items = iteration_of(call);
  for (Object item; items.next(item);) append(call.memory, *values, value_of(call, item));
  return make_generator(call.memory, values, origin_of(call.self));
}

// Implements map(attribute='name') and map('filter', arguments...).
Object map(Call& call) {
  const Object* const attribute = call.raw.find("attribute");
  if (call.raw.positional.empty() && attribute != nullptr) return map_attribute(call, *attribute);
  if (call.raw.positional.empty() || !call.raw.positional[0].is_string()) {
    throw failure("map needs the name of a filter, or an attribute");
  }
  const Object& name = call.raw.positional[0];
  const Builtin* const filter = find_filter(view(name));
  if (filter == nullptr) throw failure("there is no filter '{}'", printable(view(name)));
  const Arguments arguments{call.raw.positional.subspan(1), call.raw.named};
  List* const values = make_list(call.memory);
  Iteration items = iteration_of(call);
  for (Object item; items.next(item);) {
    append(call.memory, *values, run_builtin(call.interpreter, *filter, item, arguments));
  }
  return make_generator(call.memory, values, origin_of(call.self));
}

constexpr auto kPickingFilters = std::to_array<Builtin>({
    {"map", map, any_arguments()},
    {"reject", reject, any_arguments()},
    {"rejectattr", reject_attribute, any_arguments()},
    {"select", select, any_arguments()},
    {"selectattr", select_attribute, any_arguments()},
});

}  // namespace

Object item_attribute(Call& call, const Object& item, const Object& path) {
  if (path.is_integral()) return get_item(call.memory, item, path);
  if (!path.is_string()) throw failure("an attribute must be a string or an integer, not {}", type_name(path));
  if (view(path).find('.') == std::string_view::npos && !is_number_text(view(path))) {
    return get_item(call.memory, item, path);
  }
  Object value = item;
  const List* const parts = split_at(call.memory, path, ".", -1);
  for (const Object& part : parts->span()) {
    const auto index = is_number_text(view(part)) ? parse_integer(call.memory, view(part), 10) : std::nullopt;
    value = get_item(call.memory, value, index ? *index : part);
  }
  return value;
}

Object KeyOf::operator()(Call& call, const Object& item) const {
  const auto one = [&](const Object& path) {
    Object value = item_attribute(call, item, path);
    if (value.is_undefined() && fallback.is_set()) value = fallback;
    return value;
  };
  const auto folded = [&](const Object& value) {
    return fold_case && value.is_string() ? transformed(call.memory, value, lower_text) : value;
  };
  if (!attribute.is_set() || attribute.is(Kind::kNone)) return folded(item);
  if (!several) return folded(one(attribute));
  if (!attribute.is_string()) {
    List* const only = make_list(call.memory, 1);
    append(call.memory, *only, folded(one(attribute)));
    return Object::of_list(only);
  }
  List* const keys = make_list(call.memory);
  for (const Object& path : split_at(call.memory, attribute, ",", -1)->span()) {
    append(call.memory, *keys, folded(one(path)));
  }
  return Object::of_list(keys);
}

std::span<const Builtin> picking_filters() { return kPickingFilters; }

}  // namespace rocmforge::text::jinja
