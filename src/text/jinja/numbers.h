// Parses integers and floats and implements Python's arithmetic on them. A result that does not fit 64 bits is a
// Failure, never a wrong number.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "text/jinja/object.h"

namespace rocmforge::text::jinja {

// Parses digits of the base, with a sign and with the base's prefix (0x, 0o, 0b) if it has one. Base 0 means that the
// prefix selects the base. Returns nothing if the text is not an integer. An integer beyond 64 bits is supported only
// in base 10.
std::optional<Object> parse_integer(TemplateMemory& memory, std::string_view text, int base);

// Parses a float as Python's float() does, including inf and nan.
std::optional<Object> parse_float(std::string_view text);

std::int64_t checked_sum(std::int64_t a, std::int64_t b);
std::int64_t checked_difference(std::int64_t a, std::int64_t b);
std::int64_t checked_product(std::int64_t a, std::int64_t b);

// The quotient is rounded down, and the remainder has the divisor's sign.
std::int64_t floor_quotient(std::int64_t a, std::int64_t b);
std::int64_t floor_remainder(std::int64_t a, std::int64_t b);
double floor_remainder(double a, double b);

std::int64_t integer_power(std::int64_t base, std::int64_t exponent);

// Returns the number rounded towards zero. Throws a Failure if it is not finite or does not fit 64 bits.
std::int64_t truncated(double number);

// Returns the number rounded to `digits` decimal places. Ties are decided by the number's exact binary value, and exact
// ties go to the even digit.
double rounded(double number, std::int64_t digits);

}  // namespace rocmforge::text::jinja
