#include "text/jinja/numbers.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>

#include <fmt/format.h>

#include "base/text.h"
#include "text/jinja/failure.h"
#include "text/jinja/text_object.h"

namespace rocmforge::text::jinja {
namespace {

Failure too_large_integer() { return limit_failure("integer too large: the result is beyond 64 bits"); }

int base_of_prefix(std::string_view text) {
  if (text.size() < 2 || text[0] != '0') return 0;
  switch (text[1] | 0x20) {
    case 'x': return 16;
    case 'o': return 8;
    case 'b': return 2;
    default: return 0;
  }
}

std::string_view stripped(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\n\r\f\v");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\n\r\f\v") + 1 - first);
}

// Removes underscores, which Python allows singly between digits.
std::optional<std::string> without_underscores(std::string_view text) {
  std::string digits;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      digits += text[i];
    } else if (i == 0 || i + 1 == text.size() || text[i - 1] == '_') {
      return std::nullopt;
    }
  }
  return digits;
}

Object big_integer(TemplateMemory& memory, std::string_view digits, bool negative) {
  digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size()));
  const Object text = make_text(memory, (negative ? "-" : "") + std::string(digits));
  Object object = text;
  object.kind = Kind::kBigInteger;
  return object;
}

}  // namespace

std::optional<Object> parse_integer(TemplateMemory& memory, std::string_view text, int base) {
  text = stripped(text);
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (const int prefix = base_of_prefix(text); prefix != 0 && (base == 0 || base == prefix)) {
    base = prefix;
    text.remove_prefix(2);
    if (text.starts_with('_')) text.remove_prefix(1);
  }
  if (base == 0) base = 10;
  const auto digits = without_underscores(text);
  if (!digits || digits->empty() || base < 2 || base > 36) return std::nullopt;
  std::uint64_t magnitude = 0;
  const char* const end = digits->data() + digits->size();
  const auto [stop, problem] = std::from_chars(digits->data(), end, magnitude, base);
  if (stop != end || problem == std::errc::invalid_argument) return std::nullopt;
  constexpr std::uint64_t kGreatest = std::uint64_t{1} << 63;
  const bool fits = problem == std::errc() && (magnitude < kGreatest || (negative && magnitude == kGreatest));
  if (fits) return Object::of_integer(static_cast<std::int64_t>(negative ? 0 - magnitude : magnitude));
  if (base != 10) throw too_large_integer();
  return big_integer(memory, *digits, negative);
}

std::optional<Object> parse_float(std::string_view text) {
  const auto digits = without_underscores(stripped(text));
  if (!digits) return std::nullopt;
  std::string_view rest = *digits;
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);
  const bool is_word =
      equal_ignoring_case(rest, "inf") || equal_ignoring_case(rest, "infinity") || equal_ignoring_case(rest, "nan");
  const bool is_digit = !rest.empty() && ((rest[0] >= '0' && rest[0] <= '9') || rest[0] == '.');
  if (!is_word && !is_digit) return std::nullopt;
  double number = 0;
  const auto [stop, problem] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
  if (stop != rest.data() + rest.size()) return std::nullopt;
  // from_chars leaves the number unchanged if it is out of range; strtod gives infinity or zero.
  if (problem == std::errc::result_out_of_range) number = std::strtod(std::string(rest).c_str(), nullptr);
  return Object::of_float(negative ? -number : number);
}

std::int64_t checked_sum(std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  if (__builtin_add_overflow(a, b, &result)) throw too_large_integer();
  return result;
}

std::int64_t checked_difference(std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  if (__builtin_sub_overflow(a, b, &result)) throw too_large_integer();
  return result;
}

std::int64_t checked_product(std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  if (__builtin_mul_overflow(a, b, &result)) throw too_large_integer();
  return result;
}

std::int64_t floor_quotient(std::int64_t a, std::int64_t b) {
  if (b == 0) throw failure("an integer is divided by 0");
  if (b == -1) return checked_difference(0, a);
  const std::int64_t quotient = a / b;
  return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}

std::int64_t floor_remainder(std::int64_t a, std::int64_t b) {
  if (b == 0) throw failure("an integer is divided by 0");
  if (b == -1) return 0;
  const std::int64_t remainder = a % b;
  return remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder;
}

double floor_remainder(double a, double b) {
  if (b == 0) throw failure("a number is divided by 0");
  const double remainder = std::fmod(a, b);
  if (remainder != 0 && (remainder < 0) != (b < 0)) return remainder + b;
  return remainder == 0 ? std::copysign(0.0, b) : remainder;
}

std::int64_t integer_power(std::int64_t base, std::int64_t exponent) {
  std::int64_t result = 1;
  while (exponent > 0) {
    if ((exponent & 1) != 0) result = checked_product(result, base);
    exponent >>= 1;
    if (exponent > 0) base = checked_product(base, base);
  }
  return result;
}

std::int64_t truncated(double number) {
  if (std::isnan(number)) throw failure("NaN has no integer value");
  if (std::isinf(number)) throw failure("infinity has no integer value");
  if (number >= 0x1p63 || number < -0x1p63) throw too_large_integer();
  return static_cast<std::int64_t>(number);
}

double rounded(double number, std::int64_t digits) {
  if (!std::isfinite(number) || digits > 400) return number;
  if (digits < -400) return 0.0;
  if (digits >= 0) {
    // fmt converts to decimal exactly, so that it rounds the number's exact value.
    return std::strtod(fmt::format("{:.{}f}", number, digits).c_str(), nullptr);
  }
  const double scale = std::pow(10.0, static_cast<double>(-digits));
  return std::nearbyint(number / scale) * scale;
}

}  // namespace rocmforge::text::jinja
