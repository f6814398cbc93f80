// e^x and ln x that give the same bits with every compiler and on every processor: the C library's differ in the last
// place between systems, and one changed bit can change a drawn token. Nothing but IEEE additions, multiplications,
// divisions and operations on integers, in the order written here.
#pragma once

#include <bit>
#include <cstdint>

namespace rocmforge::sample {

// Where exp_below() ends: e^-40 is nothing beside 1 in any sum that is made of it.
inline constexpr float kLowestExponent = -40;

// e^x for x <= 0, with a relative error below 2^-22; what is below -40 counts as -40. Inline and without branches, so
// that a loop over it becomes vector code.
inline float exp_below(float x) {
  x = x > kLowestExponent ? x : kLowestExponent;
  // x = steps ln 2 + rest. Adding 1.5 * 2^23 rounds to an integer, which is then in the low bits. ln 2 is in two parts,
  // the first of so few bits that its product with `steps` is exact.
  constexpr float kRound = 0x1.8p23f;
  const float shifted = x * 0x1.715476p0f + kRound;
  const float steps = shifted - kRound;
  const float rest = (x - steps * 0x1.63p-1f) - steps * -0x1.bd0106p-13f;
  // (e^r - 1 - r) / r^2 on |r| <= ln 2 / 2, met at the five Chebyshev nodes: off by 2^-26 of e^r at most.
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

// e^x with a relative error below 2^-50; beyond -700 and 700 as there.
double exponential(double x);

// ln x with an error below 2^-50 of it, or of 1 if that is more; minus infinity for 0. x is normal and not negative.
double logarithm(double x);

}  // namespace rocmforge::sample
