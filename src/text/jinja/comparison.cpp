#include "text/jinja/comparison.h"

#include <algorithm>
#include <cmath>

#include "text/jinja/dict.h"
#include "text/jinja/failure.h"
#include "text/jinja/iteration.h"
#include "text/jinja/text_object.h"

namespace rocmforge::text::jinja {
namespace {

bool is_any_number(const Object& object) { return object.is_number() || object.is(Kind::kBigInteger); }

// Compares integers of which at least one is beyond 64 bits.
int compare_big(const Object& a, const Object& b) {
  const auto sign = [](const Object& o) {
    if (!o.is(Kind::kBigInteger)) return 0;  // an integer of 64 bits lies between all that are beyond
    return view(o).front() == '-' ? -1 : 1;
  };
  if (sign(a) != sign(b)) return sign(a) < sign(b) ? -1 : 1;
  const std::string_view x = view(a);
  const std::string_view y = view(b);
  const int order = x.size() != y.size() ? (x.size() < y.size() ? -1 : 1) : x.compare(y);
  return sign(a) < 0 ? -order : order;
}

// Compares exactly, even if a double cannot represent the integer.
std::partial_ordering compare_mixed(std::int64_t integer, double number) {
  if (std::isnan(number)) return std::partial_ordering::unordered;
  if (number >= 0x1p63) return std::partial_ordering::less;
  if (number < -0x1p63) return std::partial_ordering::greater;
  const auto whole = static_cast<std::int64_t>(number);
  if (integer != whole) return integer <=> whole;
  return 0.0 <=> number - static_cast<double>(whole);
}

std::partial_ordering reversed(std::partial_ordering order) { return 0 <=> order; }

std::partial_ordering compare_numbers(const Object& a, const Object& b) {
  if (a.is(Kind::kBigInteger) || b.is(Kind::kBigInteger)) {
    const Object& other = a.is(Kind::kBigInteger) ? b : a;
    if (!other.is(Kind::kFloat)) return compare_big(a, b) <=> 0;
    const Object& big = a.is(Kind::kBigInteger) ? a : b;
    const auto order = std::strtod(std::string(view(big)).c_str(), nullptr) <=> other.number;
    return &big == &a ? order : reversed(order);
  }
  if (a.is_integral() && b.is_integral()) return a.as_integer() <=> b.as_integer();
  if (a.is_integral()) return compare_mixed(a.as_integer(), b.number);
  if (b.is_integral()) return reversed(compare_mixed(b.as_integer(), a.number));
  return a.number <=> b.number;
}

bool equal_items(TemplateMemory& memory, std::span<const Object> a, std::span<const Object> b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!equal(memory, a[i], b[i])) return false;
  }
  return true;
}

bool equal_dicts(TemplateMemory& memory, const Dict& a, const Dict& b) {
  if (a.count != b.count) return false;
  for (const DictEntry& entry : a.span()) {
    const Object* const other = find(memory, b, entry.key);
    if (other == nullptr || !equal(memory, entry.value, *other)) return false;
  }
  return true;
}

// Compares the first items that differ; if there are none, the shorter sequence comes first.
std::partial_ordering compare_items(TemplateMemory& memory, std::span<const Object> a, std::span<const Object> b);

std::partial_ordering compare(TemplateMemory& memory, const Object& a, const Object& b, const char* sign) {
  memory.charge(1);
  const TemplateMemory::DepthGuard deeper(memory);
  if (is_any_number(a) && is_any_number(b)) return compare_numbers(a, b);
  if (a.is_string() && b.is_string()) {
    memory.charge_bytes(std::min(a.size, b.size));
    return view(a) <=> view(b);  // the byte order of UTF-8 is the order of the code points
  }
  if (a.is_sequence() && a.kind == b.kind) return compare_items(memory, a.list->span(), b.list->span());
  for (const Object* object : {&a, &b}) {
    if (object->is_undefined()) throw undefined_failure(*object);
  }
  throw failure("'{}' cannot compare a value of type '{}' with one of type '{}'", sign, type_name(a), type_name(b));
}

std::partial_ordering compare_items(TemplateMemory& memory, std::span<const Object> a, std::span<const Object> b) {
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    if (!equal(memory, a[i], b[i])) return compare(memory, a[i], b[i], "<");
  }
  return a.size() <=> b.size();
}

}  // namespace

bool is_true(const Object& object) {
  switch (object.kind) {
    case Kind::kUnset:
    case Kind::kUndefined:
    case Kind::kNone: return false;
    case Kind::kBool: return object.truth;
    case Kind::kInteger: return object.integer != 0;
    case Kind::kFloat: return object.number != 0;
    case Kind::kString: return object.size != 0;
    case Kind::kList:
    case Kind::kTuple:
    case Kind::kView: return object.list->count != 0;
    case Kind::kDict: return object.dict->count != 0;
    case Kind::kRange: return object.range->count() != 0;
    default: return true;
  }
}

bool equal(TemplateMemory& memory, const Object& a, const Object& b) {
  memory.charge(1);
  if (is_any_number(a) && is_any_number(b)) return compare_numbers(a, b) == 0;
  if (a.kind != b.kind) return false;
  const TemplateMemory::DepthGuard deeper(memory);
  switch (a.kind) {
    case Kind::kUnset:
    case Kind::kUndefined:
    case Kind::kNone: return true;
    case Kind::kString: memory.charge_bytes(std::min(a.size, b.size)); return view(a) == view(b);
    case Kind::kList:
    case Kind::kTuple: return a.list == b.list || equal_items(memory, a.list->span(), b.list->span());
    case Kind::kView: return equal_items(memory, a.list->span(), b.list->span());
    case Kind::kDict: return a.dict == b.dict || equal_dicts(memory, *a.dict, *b.dict);
    case Kind::kRange:
      return a.range->count() == b.range->count() &&
             (a.range->count() == 0 || (a.range->start == b.range->start && a.range->step == b.range->step));
    default: return a.integer == b.integer;  // identity
  }
}

bool less(TemplateMemory& memory, const Object& a, const Object& b) { return compare(memory, a, b, "<") < 0; }

bool less_or_equal(TemplateMemory& memory, const Object& a, const Object& b) {
  return compare(memory, a, b, "<=") <= 0;
}

bool contains(TemplateMemory& memory, const Object& container, const Object& item) {
  switch (container.kind) {
    case Kind::kString:
      if (!item.is_string()) {
        if (item.is_undefined()) throw undefined_failure(item);
        throw failure("only a string can be 'in' a string, found a value of type '{}'", type_name(item));
      }
      return find_first(memory, view(container), view(item)) != std::string_view::npos;
    case Kind::kDict: return find(memory, *container.dict, item) != nullptr;
    case Kind::kUndefined: return false;
    default: break;
  }
  Iteration items(memory, container);
  for (Object other; items.next(other);) {
    if (equal(memory, other, item)) return true;
  }
  return false;
}

}  // namespace rocmforge::text::jinja
