// Integers and floats: reading them, and Python's arithmetic. What does not fit 64 bits is a Failure, never a wrong
// number.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "text/jinja/object.h"

namespace rocmforge::text::jinja {

// Digits of that base, with a sign and a prefix (0x, 0o, 0b) where the base has one; base 0: as the prefix says. None
// if that is no integer. Beyond 64 bits only base 10 is kept.
std::optional<Object> parse_integer(Workspace& work, std::string_view text, int base);

// As Python's float() reads it, inf and nan too.
std::optional<Object> parse_float(std::string_view text);

std::int64_t checked_sum(std::int64_t a, std::int64_t b);
std::int64_t checked_difference(std::int64_t a, std::int64_t b);
std::int64_t checked_product(std::int64_t a, std::int64_t b);

// Rounds down, and the remainder has the divisor's sign.
std::int64_t floor_quotient(std::int64_t a, std::int64_t b);
std::int64_t floor_remainder(std::int64_t a, std::int64_t b);
double floor_remainder(double a, double b);

std::int64_t integer_power(std::int64_t base, std::int64_t exponent);

// Towards zero. A Failure for what is no number, or none of 64 bits.
std::int64_t truncated(double number);

// To so many digits behind the point, ties to the even one of what the number exactly is.
double rounded(double number, std::int64_t digits);

}  // namespace rocmforge::text::jinja
