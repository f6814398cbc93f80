#include "sample/exponential.h"

#include <limits>

namespace rocmforge::sample {
namespace {

// ln 2 as a 32-bit number, whose products with exponents are exact, plus the remainder.
constexpr double kLn2High = 0x1.62e42feep-1;
constexpr double kLn2Low = 0x1.a39ef35793c76p-33;
constexpr double kSquareRootOf2 = 0x1.6a09e667f3bcdp0;
constexpr int kExponentBias = 1023;
constexpr int kMantissaBits = 52;

double power_of_two(int exponent) {
  return std::bit_cast<double>(static_cast<std::uint64_t>(exponent + kExponentBias) << kMantissaBits);
}

}  // namespace

double exponential(double x) {
  if (x < -700) x = -700;
  if (x > 700) x = 700;
  const double steps_wanted = x * 0x1.71547652b82fep0;
  const int steps = static_cast<int>(steps_wanted + (steps_wanted < 0 ? -0.5 : 0.5));
  const double rest = (x - steps * kLn2High) - steps * kLn2Low;
  // Taylor's series as 1 + r (1 + r/2 (1 + r/3 (…))): |r| <= 0.347, so 15 terms leave less than 2^-60.
  double sum = 1;
  for (int n = 15; n > 0; --n) sum = 1 + rest * sum / n;
  return sum * power_of_two(steps);
}

double logarithm(double x) {
  if (x == 0) return -std::numeric_limits<double>::infinity();
  const auto bits = std::bit_cast<std::uint64_t>(x);
  int exponent = static_cast<int>(bits >> kMantissaBits) - kExponentBias;
  constexpr std::uint64_t kMantissa = (std::uint64_t{1} << kMantissaBits) - 1;
  double mantissa = std::bit_cast<double>((bits & kMantissa) | std::bit_cast<std::uint64_t>(1.0));
  if (mantissa > kSquareRootOf2) {
    mantissa *= 0.5;
    ++exponent;
  }
  // ln m = 2 artanh((m - 1) / (m + 1)) = 2 z (1 + z^2/3 + z^4/5 + …): |z| <= 0.172, so 12 terms leave less than 2^-60.
  const double z = (mantissa - 1) / (mantissa + 1);
  double sum = 0;
  for (int n = 23; n > 0; n -= 2) sum = sum * (z * z) + 1.0 / n;
  return exponent * kLn2High + (2 * z * sum + exponent * kLn2Low);
}

}  // namespace rocmforge::sample
