#include "text/jinja/operators.h"

#include <algorithm>
#include <cmath>

#include "text/jinja/comparison.h"
#include "text/jinja/failure.h"
#include "text/jinja/formatting.h"
#include "text/jinja/interpreter.h"
#include "text/jinja/iteration.h"
#include "text/jinja/markup.h"
#include "text/jinja/numbers.h"

namespace rocmforge::text::jinja {
namespace {

Failure unsupported(std::string_view sign, const Object& left, const Object& right) {
  for (const Object* object : {&left, &right}) {
    if (object->is_undefined()) return undefined_failure(*object);
    if (object->is(Kind::kBigInteger)) return limit_failure("integer too large: '{}' works on 64 bits", sign);
  }
  return failure("'{}' has no meaning for values of type '{}' and '{}'", sign, type_name(left), type_name(right));
}

Origin either_origin(const Object& left, const Object& right) { return either(left.origin, right.origin); }

bool both_integral(const Object& left, const Object& right) { return left.is_integral() && right.is_integral(); }
bool both_numbers(const Object& left, const Object& right) { return left.is_number() && right.is_number(); }

Object joined_lists(TemplateMemory& memory, const Object& left, const Object& right) {
  memory.charge_items(left.list->count + right.list->count);
  List* const list = make_list(memory, left.list->count + right.list->count);
  std::ranges::copy(left.list->span(), list->items);
  std::ranges::copy(right.list->span(), list->items + left.list->count);
  list->count = list->capacity;
  return Object::of_list(list, left.kind, either_origin(left, right));
}

Object joined_texts(TemplateMemory& memory, const Object& left, const Object& right) {
  if (!left.is_markup && !right.is_markup) return concatenated(memory, left, right);
  Object text = concatenated(memory, escaped(memory, left), escaped(memory, right));
  text.is_markup = true;
  return text;
}

// Returns how often to repeat a text of `size` bytes or a sequence of `size` items.
std::size_t repetitions(TemplateMemory& memory, const Object& object, std::size_t size, const Object& count) {
  const std::int64_t times = std::max<std::int64_t>(count.as_integer(), 0);
  const std::size_t limit = object.is_string() ? memory.limits().text_bytes : memory.limits().items;
  if (size != 0 && static_cast<std::uint64_t>(times) > limit / size) {
    object.is_string() ? memory.refuse_text() : memory.refuse_list();
  }
  memory.charge_items(static_cast<std::size_t>(times) * std::min<std::size_t>(size, 1));
  return size == 0 ? 0 : static_cast<std::size_t>(times);
}

Object repeated(TemplateMemory& memory, const Object& object, const Object& count) {
  if (object.is_string()) {
    TextBuilder out(memory);
    const std::size_t times = repetitions(memory, object, object.size, count);
    for (std::size_t i = 0; i < times; ++i) out.append(object);
    Object text = out.text();
    text.is_markup = object.is_markup;
    return text;
  }
  const auto items = object.list->span();
  const std::size_t times = repetitions(memory, object, items.size(), count);
  List* const list = make_list(memory, times * items.size());
  memory.charge_items(times * items.size());
  for (std::size_t i = 0; i < times; ++i) std::ranges::copy(items, list->items + i * items.size());
  list->count = list->capacity;
  return Object::of_list(list, object.kind, either(object.origin, count.origin));
}

Object product(Interpreter& interpreter, const Object& left, const Object& right) {
  const Origin origin = either_origin(left, right);
  if (both_integral(left, right)) {
    return Object::of_integer(checked_product(left.as_integer(), right.as_integer()), origin);
  }
  if (both_numbers(left, right)) return Object::of_float(left.as_double() * right.as_double(), origin);
  const auto repeats = [](const Object& o) { return o.is_string() || o.is_sequence(); };
  if (repeats(left) && right.is_integral()) return repeated(interpreter.memory(), left, right);
  if (left.is_integral() && repeats(right)) return repeated(interpreter.memory(), right, left);
  throw unsupported("*", left, right);
}

Object quotient(Interpreter&, const Object& left, const Object& right) {
  if (!both_numbers(left, right)) throw unsupported("/", left, right);
  if (right.as_double() == 0) throw failure("a number is divided by 0");
  return Object::of_float(left.as_double() / right.as_double(), either_origin(left, right));
}

Object whole_quotient(Interpreter&, const Object& left, const Object& right) {
  const Origin origin = either_origin(left, right);
  if (both_integral(left, right)) {
    return Object::of_integer(floor_quotient(left.as_integer(), right.as_integer()), origin);
  }
  if (!both_numbers(left, right)) throw unsupported("//", left, right);
  const double a = left.as_double();
  const double b = right.as_double();
  if (b == 0) throw failure("a number is divided by 0");
  return Object::of_float(std::round((a - floor_remainder(a, b)) / b), origin);
}

Object remainder(Interpreter& interpreter, const Object& left, const Object& right) {
  if (left.is_string()) return printf_formatted(interpreter.memory(), left, right);
  const Origin origin = either_origin(left, right);
  if (both_integral(left, right)) {
    return Object::of_integer(floor_remainder(left.as_integer(), right.as_integer()), origin);
  }
  if (!both_numbers(left, right)) throw unsupported("%", left, right);
  return Object::of_float(floor_remainder(left.as_double(), right.as_double()), origin);
}

template <bool kExpected, bool kSwapped, bool (*kOrder)(TemplateMemory&, const Object&, const Object&)>
bool holds(TemplateMemory& memory, const Object& left, const Object& right) {
  return (kSwapped ? kOrder(memory, right, left) : kOrder(memory, left, right)) == kExpected;
}

}  // namespace

Object sum(Interpreter& interpreter, const Object& left, const Object& right) {
  const Origin origin = either_origin(left, right);
  if (left.is_string() && right.is_string()) return joined_texts(interpreter.memory(), left, right);
  if (both_integral(left, right)) {
    return Object::of_integer(checked_sum(left.as_integer(), right.as_integer()), origin);
  }
  if (both_numbers(left, right)) return Object::of_float(left.as_double() + right.as_double(), origin);
  if (left.is_sequence() && left.kind == right.kind) return joined_lists(interpreter.memory(), left, right);
  if (left.is_string() && !right.is_undefined()) {
    throw failure("'+' cannot join a string and a value of type '{}'; '~' converts both to text", type_name(right));
  }
  throw unsupported("+", left, right);
}

Object difference(Interpreter&, const Object& left, const Object& right) {
  const Origin origin = either_origin(left, right);
  if (both_integral(left, right)) {
    return Object::of_integer(checked_difference(left.as_integer(), right.as_integer()), origin);
  }
  if (both_numbers(left, right)) return Object::of_float(left.as_double() - right.as_double(), origin);
  throw unsupported("-", left, right);
}

Object power(Interpreter&, const Object& left, const Object& right) {
  const Origin origin = either_origin(left, right);
  if (!both_numbers(left, right)) throw unsupported("**", left, right);
  if (both_integral(left, right) && right.as_integer() >= 0) {
    return Object::of_integer(integer_power(left.as_integer(), right.as_integer()), origin);
  }
  const double base = left.as_double();
  const double exponent = right.as_double();
  if (base == 0 && exponent < 0) throw failure("0 has no power with a negative exponent");
  if (base < 0 && std::trunc(exponent) != exponent)
    throw failure("a negative number has no real power with the exponent {}", exponent);
  const double result = std::pow(base, exponent);
  if (std::isinf(result) && std::isfinite(base) && std::isfinite(exponent))
    throw failure("the result of '**' is too large for a float");
  return Object::of_float(result, origin);
}

Object negative(TemplateMemory& memory, const Object& operand) {
  if (operand.is_integral()) return Object::of_integer(checked_difference(0, operand.as_integer()), operand.origin);
  if (operand.is(Kind::kFloat)) return Object::of_float(-operand.number, operand.origin);
  if (operand.is(Kind::kBigInteger)) {
    const std::string_view digits = view(operand);
    // The magnitude 2^63 fits only as a negative number, so it is parsed again.
    const std::string text = digits.starts_with('-') ? std::string(digits.substr(1)) : "-" + std::string(digits);
    Object number = parse_integer(memory, text, 10).value_or(operand);
    number.origin = operand.origin;
    return number;
  }
  if (operand.is_undefined()) throw undefined_failure(operand);
  throw failure("'-' has no meaning for a value of type '{}'", type_name(operand));
}

Object positive(TemplateMemory&, const Object& operand) {
  if (operand.is_integral()) return Object::of_integer(operand.as_integer(), operand.origin);
  if (operand.is(Kind::kFloat) || operand.is(Kind::kBigInteger)) return operand;
  if (operand.is_undefined()) throw undefined_failure(operand);
  throw failure("'+' has no meaning for a value of type '{}'", type_name(operand));
}

Object negated_truth(TemplateMemory&, const Object& operand) { return Object::boolean(!is_true(operand)); }

bool is_in(TemplateMemory& memory, const Object& item, const Object& container) {
  return contains(memory, container, item);
}
bool is_not_in(TemplateMemory& memory, const Object& item, const Object& container) {
  return !contains(memory, container, item);
}

Comparison::Holds find_comparison(std::string_view sign) {
  if (sign == "==") return holds<true, false, equal>;
  if (sign == "!=") return holds<false, false, equal>;
  if (sign == "<") return holds<true, false, less>;
  if (sign == "<=") return holds<true, false, less_or_equal>;
  if (sign == ">") return holds<true, true, less>;
  if (sign == ">=") return holds<true, true, less_or_equal>;
  return nullptr;
}

BinaryOperator find_product_operator(std::string_view sign) {
  if (sign == "*") return product;
  if (sign == "/") return quotient;
  if (sign == "//") return whole_quotient;
  if (sign == "%") return remainder;
  return nullptr;
}

}  // namespace rocmforge::text::jinja
