// Implements filters on numbers and on single objects, and holds the table of all filters.
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "base/text.h"
#include "text/jinja/call.h"
#include "text/jinja/comparison.h"
#include "text/jinja/interpreter.h"
#include "text/jinja/iteration.h"
#include "text/jinja/numbers.h"
#include "text/jinja/operators.h"

namespace rocmforge::text::jinja {
namespace {

Object with_origin(Object object, Origin origin) {
  if (!object.is_string()) object.origin = either(object.origin, origin);
  return object;
}

Object absolute(Call& call) {
  if (call.self.is(Kind::kFloat)) return Object::of_float(std::abs(call.self.number), call.self.origin);
  if (call.self.is(Kind::kBigInteger))
    return view(call.self).front() == '-' ? negative(call.memory, call.self) : call.self;
  if (!call.self.is_integral()) throw failure("abs needs a number, not {}", type_name(call.self));
  return call.self.as_integer() < 0 ? negative(call.memory, call.self) : positive(call.memory, call.self);
}

// Implements the filter attr. Unlike object.name, it does not find entries of a dictionary.
Object attribute(Call& call) {
  const Object name = call.text(0);
  const bool is_entry = call.self.is_mapping() && find_dict_method(view(name)) == nullptr;
  return is_entry ? make_undefined(name, Kind::kDict) : get_attribute(call.memory, call.self, name);
}

Object default_value(Call& call) {
  const bool missing = call.self.is_undefined() || (call.flag(1, false) && !is_true(call.self));
  if (!missing) return call.self;
  return call.has(0) ? call[0] : make_text(call.memory, "");
}

double float_of(const Object& object, double fallback) {
  if (object.is_number()) return object.as_double();
  if (object.is(Kind::kBigInteger) || object.is_string()) {
    const auto number = parse_float(view(object));
    return number ? number->number : fallback;
  }
  if (object.is_undefined()) throw undefined_failure(object);
  return fallback;
}

Object to_float(Call& call) {
  if (call.has(0) && !call[0].is_number()) {
    const double number = float_of(call.self, std::nan(""));
    return std::isnan(number) ? call[0] : Object::of_float(number, origin_of(call.self));
  }
  return Object::of_float(float_of(call.self, call.has(0) ? call[0].as_double() : 0.0), origin_of(call.self));
}

// Converts to an integer. Text that is not an integer may still be a float; anything else gives the default.
Object to_integer(Call& call) {
  const Object& self = call.self;
  const Origin origin = origin_of(self);
  const Object fallback = call.has(0) ? call[0] : Object::of_integer(0);
  if (self.is_undefined()) throw undefined_failure(self);
  if (self.is(Kind::kBigInteger)) return self;
  if (self.is_integral()) return Object::of_integer(self.as_integer(), origin);
  if (self.is_string()) {
    const auto number = parse_integer(call.memory, view(self), static_cast<int>(call.integer(1, 10) & 63));
    if (number) return with_origin(*number, origin);
  }
  const double number = float_of(self, std::nan(""));
  return std::isfinite(number) ? Object::of_integer(truncated(number), origin) : fallback;
}

Object round(Call& call) {
  const std::string_view method = call.has(1) ? view(call.text(1)) : "common";
  const std::int64_t precision = call.integer(0, 0);
  if (call.self.is(Kind::kBigInteger) && method == "common" && precision >= 0) return call.self;
  if (!call.self.is_number()) throw failure("round needs a number, not {}", type_name(call.self));
  const double number = call.self.as_double();
  if (method == "common") {
    if (!call.self.is_integral()) return Object::of_float(rounded(number, precision), call.self.origin);
    if (precision >= 0) return Object::of_integer(call.self.as_integer(), call.self.origin);
    return Object::of_integer(truncated(rounded(number, precision)), call.self.origin);
  }
  if (method != "ceil" && method != "floor")
    throw failure("the method of round is '{}', expected 'common', 'ceil' or 'floor'", printable(method, 40));
  const double scale = std::pow(10.0, static_cast<double>(precision));
  const double scaled = method == "ceil" ? std::ceil(number * scale) : std::floor(number * scale);
  return Object::of_float(scaled / scale, call.self.origin);
}

// Formats a size as "1.0 MB", or as "1.0 MiB" in powers of 1024.
Object file_size(Call& call) {
  const bool binary = call.flag(0, false);
  const double base = binary ? 1024 : 1000;
  const double bytes = float_of(call.self, 0);
  const Origin origin = origin_of(call.self);
  if (bytes == 1) return make_text(call.memory, "1 Byte", origin);
  if (!(bytes >= base)) return make_text(call.memory, fmt::format("{} Bytes", truncated(bytes)), origin);
  static constexpr std::string_view kPrefixes = "kMGTPEZY";
  double unit = base;
  std::size_t prefix = 0;
  for (; prefix + 1 < kPrefixes.size() && bytes >= unit * base; ++prefix) unit *= base;
  const char letter = binary && prefix == 0 ? 'K' : kPrefixes[prefix];
  return make_text(call.memory, fmt::format("{:.1f} {}{}B", bytes / unit, letter, binary ? "i" : ""), origin);
}

constexpr auto kNumberFilters = std::to_array<Builtin>({
    {"abs", absolute},
    {"attr", attribute, {1, "name"}},
    {"d", default_value, {0, "default_value", "boolean"}},
    {"default", default_value, {0, "default_value", "boolean"}},
    {"filesizeformat", file_size, {0, "binary"}},
    {"float", to_float, {0, "default"}},
    {"int", to_integer, {0, "default", "base"}},
    {"round", round, {0, "precision", "method"}},
});

}  // namespace

std::span<const Builtin> number_filters() { return kNumberFilters; }

const Builtin* find_filter(std::string_view name) {
  for (const auto table : {text_filters(), list_filters(), picking_filters(), number_filters(), markup_filters()}) {
    if (const Builtin* filter = find_builtin(table, name); filter != nullptr) return filter;
  }
  return nullptr;
}

}  // namespace rocmforge::text::jinja
