// Computes e^x and ln x with the same bits with every compiler and on every processor. The C library's results differ
// in the last place between systems, and one changed bit can change a drawn token. Only IEEE additions,
// multiplications, divisions and integer operations are used, in the order written here.
#pragma once

#include <bit>
#include <cstdint>

namespace rocmforge::sample {

// The lower limit of exp_below(): e^-40 is negligible in the sums in which it is used, which contain 1.
inline constexpr float kLowestExponent = -40;

// Returns e^x for x <= 0 with a relative error below 2^-22. Values below -40 are treated as -40. Inline and without
// branches, so that loops over it are vectorized.
inline float exp_below(float x) {
  x = x > kLowestExponent ? x : kLowestExponent;
  // x = steps ln 2 + rest. Adding 1.5 * 2^23 rounds to an integer, which is then in the low bits. ln 2 is in two parts,
  // the first of so few bits that its product with `steps` is exact.
  constexpr float kRound = 0x1.8p23f;
  const float shifted = x * 0x1.715476p0f + kRound;
  const float steps = shifted - kRound;
  const float rest = (x - steps * 0x1.63p-1f) - steps * -0x1.bd0106p-13f;
  // (e^r - 1 - r) / r^2 for |r| <= ln 2 / 2, interpolated at the five Chebyshev nodes: error at most 2^-26 of e^r.
  float sum = 0x1.6d1106p-10f;
  sum = sum * rest + 0x1.120b6cp-7f;
  sum = sum * rest + 0x1.55551ap-5f;
  sum = sum * rest + 0x1.5554dcp-3f;
  sum = sum * rest + 0.5f;
  const float power = 1.0f + (rest + rest * rest * sum);
  // Times 2^steps.
  const std::uint32_t exponent = std::bit_cast<std::uint32_t>(shifted) << 23;
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(power) + exponent);
}

// Returns e^x with a relative error below 2^-50. x is limited to [-700, 700].
double exponential(double x);

// Returns ln x with an error below 2^-50 * max(1, |ln x|), or minus infinity for 0. Requires: x is 0, or positive and
// normal.
double logarithm(double x);

}  // namespace rocmforge::sample
