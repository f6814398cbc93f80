// Implements the operands of `is`, which Jinja calls tests.
#include <array>

#include "base/utf8.h"
#include "text/jinja/call.h"
#include "text/jinja/comparison.h"
#include "text/jinja/iteration.h"
#include "text/jinja/numbers.h"
#include "text/jinja/operators.h"
#include "text/jinja/printing.h"
#include "text/jinja/text_operations.h"
#include "text/jinja/unicode.h"

namespace rocmforge::text::jinja {
namespace {

Object boolean(bool truth) { return Object::boolean(truth); }

template <Kind... kKinds>
Object is_kind(Call& call) {
  return boolean(((call.self.kind == kKinds) || ...));
}

Object is_defined(Call& call) { return boolean(!call.self.is_undefined()); }
Object is_number(Call& call) { return boolean(call.self.is_number() || call.self.is(Kind::kBigInteger)); }
Object is_true_itself(Call& call) { return boolean(call.self.is(Kind::kBool) && call.self.truth); }
Object is_false_itself(Call& call) { return boolean(call.self.is(Kind::kBool) && !call.self.truth); }
Object is_iterable_at_all(Call& call) { return boolean(is_iterable(call.self)); }
Object is_escaped(Call& call) { return boolean(call.self.is_string() && call.self.is_markup); }

// Returns whether the value has a length and items; mappings and undefined values count too.
Object is_a_sequence(Call& call) {
  return is_kind<Kind::kString, Kind::kList, Kind::kTuple, Kind::kDict, Kind::kRange, Kind::kUndefined>(call);
}

Object is_callable(Call& call) {
  return is_kind<Kind::kFunction, Kind::kMethod, Kind::kMacro, Kind::kLoop, Kind::kJoiner, Kind::kUndefined>(call);
}

// Returns whether all letters are of that case, and there is at least one.
template <bool (*kWanted)(char32_t), bool (*kRefused)(char32_t)>
Object is_of_case(Call& call) {
  const Object text = to_text(call.memory, call.self);
  call.memory.charge_bytes(text.size);
  bool found = false;
  for (std::string_view rest = view(text); !rest.empty();) {
    const CodePoint c = first_code_point(rest);
    if (kRefused(c.value) || is_title(c.value)) return boolean(false);
    found = found || kWanted(c.value);
    rest.remove_prefix(c.length);
  }
  return boolean(found);
}

std::int64_t remainder_of(Call& call, std::int64_t divisor) {
  if (!call.self.is_integral()) throw failure("'{}' needs an integer, not {}", call.builtin.name, type_name(call.self));
  return floor_remainder(call.self.as_integer(), divisor);
}

bool is_remainder_of_two(Call& call, int wanted) {
  if (call.self.is(Kind::kFloat)) return floor_remainder(call.self.number, 2.0) == wanted;
  return remainder_of(call, 2) == wanted;
}

Object is_odd(Call& call) { return boolean(is_remainder_of_two(call, 1)); }
Object is_even(Call& call) { return boolean(is_remainder_of_two(call, 0)); }

Object is_divisible(Call& call) {
  if (!call.self.is(Kind::kFloat) && !call[0].is(Kind::kFloat)) {
    return boolean(remainder_of(call, call.integer(0, 1)) == 0);
  }
  if (!call.self.is_number() || !call[0].is_number()) throw failure("'divisibleby' needs two numbers");
  return boolean(floor_remainder(call.self.as_double(), call[0].as_double()) == 0);
}

Object is_equal(Call& call) { return boolean(equal(call.memory, call.self, call[0])); }
Object is_not_equal(Call& call) { return boolean(!equal(call.memory, call.self, call[0])); }
Object is_less(Call& call) { return boolean(less(call.memory, call.self, call[0])); }
Object is_at_most(Call& call) { return boolean(less_or_equal(call.memory, call.self, call[0])); }
Object is_greater(Call& call) { return boolean(less(call.memory, call[0], call.self)); }
Object is_at_least(Call& call) { return boolean(less_or_equal(call.memory, call[0], call.self)); }
Object is_contained(Call& call) { return boolean(contains(call.memory, call[0], call.self)); }

// Returns whether both are the same object. Python shares small numbers and short strings, so equal ones count as the
// same.
Object is_same(Call& call) {
  if (call.self.kind != call[0].kind) return boolean(false);
  if (call.self.is_number() || call.self.is_string()) return is_equal(call);
  return boolean(call.self.is(Kind::kNone) || call.self.integer == call[0].integer);
}

Object is_filter(Call& call) { return boolean(call.self.is_string() && find_filter(view(call.self)) != nullptr); }
Object is_test(Call& call) { return boolean(call.self.is_string() && find_test(view(call.self)) != nullptr); }

constexpr Parameters kOther = {1, "other"};

constexpr auto kTests = std::to_array<Builtin>({
    {"!=", is_not_equal, kOther},
    {"<", is_less, kOther},
    {"<=", is_at_most, kOther},
    {"==", is_equal, kOther},
    {">", is_greater, kOther},
    {">=", is_at_least, kOther},
    {"boolean", is_kind<Kind::kBool>},
    {"callable", is_callable},
    {"defined", is_defined},
    {"divisibleby", is_divisible, {1, "num"}},
    {"eq", is_equal, kOther},
    {"equalto", is_equal, kOther},
    {"escaped", is_escaped},
    {"even", is_even},
    {"false", is_false_itself},
    {"filter", is_filter},
    {"float", is_kind<Kind::kFloat>},
    {"ge", is_at_least, kOther},
    {"greaterthan", is_greater, kOther},
    {"gt", is_greater, kOther},
    {"in", is_contained, {1, "seq"}},
    {"integer", is_kind<Kind::kInteger, Kind::kBigInteger>},
    {"iterable", is_iterable_at_all},
    {"le", is_at_most, kOther},
    {"lessthan", is_less, kOther},
    {"lower", is_of_case<is_lower, is_upper>},
    {"lt", is_less, kOther},
    {"mapping", is_kind<Kind::kDict>},
    {"ne", is_not_equal, kOther},
    {"none", is_kind<Kind::kNone>},
    {"number", is_number},
    {"odd", is_odd},
    {"sameas", is_same, kOther},
    {"sequence", is_a_sequence},
    {"string", is_kind<Kind::kString>},
    {"test", is_test},
    {"true", is_true_itself},
    {"undefined", is_kind<Kind::kUndefined>},
    {"upper", is_of_case<is_upper, is_lower>},
});

}  // namespace

const Builtin* find_test(std::string_view name) { return find_builtin(kTests, name); }

}  // namespace rocmforge::text::jinja
