// Exponential functions and functions based on them, for any number of lanes including one, with relative errors of a
// few 1e-7. Included once per Highway target.
//
// NaN inputs give NaN.

#if defined(ROCMFORGE_CPU_MATH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ROCMFORGE_CPU_MATH_INL_H_
#undef ROCMFORGE_CPU_MATH_INL_H_
#else
#define ROCMFORGE_CPU_MATH_INL_H_
#endif

#include "backends/cpu/kernels/target-inl.h"

HWY_BEFORE_NAMESPACE();
namespace rocmforge::cpu::HWY_NAMESPACE {

template <typename V>
HWY_ATTR V same_for_all(float x) {
  return hn::Set(hn::DFromV<V>(), x);
}

// a[0] + a[1] x + a[2] x² + ...
template <typename V, std::size_t kCount>
HWY_ATTR V polynomial(V x, const float (&coefficients)[kCount]) {
  V sum = same_for_all<V>(coefficients[kCount - 1]);
  for (std::size_t i = kCount - 1; i > 0; --i) sum = hn::MulAdd(sum, x, same_for_all<V>(coefficients[i - 1]));
  return sum;
}

// Returns 2^n for integers from -126 to 127.
template <typename V>
HWY_ATTR V power_of_two(V n) {
  const hn::DFromV<V> tag;
  const hn::RebindToSigned<hn::DFromV<V>> int_tag;
  const auto biased = hn::NearestInt(n) + hn::Set(int_tag, 127);
  return hn::BitCast(tag, hn::ShiftLeft<23>(biased));
}

// Returns e^x. Below -87.33 the result is 0. Above 88.37 it is e^88.37 = 2.4e38, so that finite inputs never give
// infinity.
//
// Uses x = n ln 2 + r, with ln 2 in two parts so that n times the first is exact, and Taylor's polynomial for |r| <= ln
// 2 / 2 (its remainder is r^8 / 8!, 5e-9).
template <typename V>
HWY_ATTR V exp(V x) {
  // The constants are the first operands, because x86 returns the second of two operands if one is NaN.
  const V clamped = hn::Max(same_for_all<V>(-87.33f), hn::Min(same_for_all<V>(88.37f), x));
  const V n = hn::Round(clamped * same_for_all<V>(1.44269504f));
  V r = hn::NegMulAdd(n, same_for_all<V>(0.693359375f), clamped);
  r = hn::NegMulAdd(n, same_for_all<V>(-2.12194440e-4f), r);
  constexpr float kTaylor[] = {1, 1, 1.0f / 2, 1.0f / 6, 1.0f / 24, 1.0f / 120, 1.0f / 720, 1.0f / 5040};
  const V result = polynomial(r, kTaylor) * power_of_two(n);
  return hn::IfThenZeroElse(hn::Lt(x, same_for_all<V>(-87.33f)), result);
}

// Returns e^x - 1. Near 0, where the difference would lose digits, Taylor's polynomial is used (its remainder is x^9 /
// 9!, 5e-9 of x).
template <typename V>
HWY_ATTR V expm1(V x) {
  constexpr float kTaylor[] = {1, 1.0f / 2, 1.0f / 6, 1.0f / 24, 1.0f / 120, 1.0f / 720, 1.0f / 5040, 1.0f / 40320};
  const V near = polynomial(x, kTaylor) * x;
  return hn::IfThenElse(hn::Lt(hn::Abs(x), same_for_all<V>(0.5f)), near, exp(x) - same_for_all<V>(1));
}

// Returns ln(1 + e^x) = max(x, 0) + ln(1 + u), with u = e^-|x|. ln(1 + u) = 2 artanh(z), z = u / (2 + u) <= 1/3, is
// computed by its series (the remainder is z^19 / 19, less than 1e-9 of z).
template <typename V>
HWY_ATTR V softplus(V x) {
  const V u = exp(hn::Neg(hn::Abs(x)));
  const V z = u / (same_for_all<V>(2) + u);
  constexpr float kSeries[] = {2, 2.0f / 3, 2.0f / 5, 2.0f / 7, 2.0f / 9, 2.0f / 11, 2.0f / 13, 2.0f / 15, 2.0f / 17};
  return hn::Max(hn::Zero(hn::DFromV<V>()), x) + polynomial(z * z, kSeries) * z;
}

template <typename V>
HWY_ATTR V sigmoid(V x) {
  const V one = same_for_all<V>(1);
  return one / (one + exp(hn::Neg(x)));
}

template <typename V>
HWY_ATTR V silu(V x) {
  return x * sigmoid(x);
}

// Near 0, where 1 - 2 / (1 + e^2x) would lose digits, a polynomial is used (Cephes).
template <typename V>
HWY_ATTR V tanh(V x) {
  const V one = same_for_all<V>(1);
  const V two = same_for_all<V>(2);
  const V magnitude = hn::Abs(x);
  const V far = hn::CopySign(one - two / (one + exp(two * magnitude)), x);
  constexpr float kNear[] = {-3.33332819422e-1f, 1.33314422036e-1f, -5.37397155531e-2f, 2.06390887954e-2f,
                             -5.70498872745e-3f};
  const V square = x * x;
  const V near = hn::MulAdd(polynomial(square, kNear) * square, x, x);
  return hn::IfThenElse(hn::Lt(magnitude, same_for_all<V>(0.625f)), near, far);
}

// Computes 0.5 x (1 + tanh(y)) as x sigmoid(2 y), which does not lose digits for negative y.
template <typename V>
HWY_ATTR V gelu_tanh(V x) {
  const V cubic = hn::MulAdd(x * x, same_for_all<V>(0.044715f), same_for_all<V>(1));
  return x * sigmoid(same_for_all<V>(1.59576912f) * x * cubic);
}

// Computes 0.5 x erfc(-x / sqrt 2), with erfc(z) = t exp(-z² + p(t)), t = 1 / (1 + z / 2), z >= 0: relative error
// 1.2e-7 (Press et al., Numerical Recipes, 6.2).
template <typename V>
HWY_ATTR V gelu_erf(V x) {
  const V half = same_for_all<V>(0.5f);
  const V z = hn::Abs(x) * same_for_all<V>(0.707106781f);
  const V t = same_for_all<V>(1) / hn::MulAdd(half, z, same_for_all<V>(1));
  constexpr float kTerms[] = {-1.26551223f, 1.00002368f,  0.37409196f, 0.09678418f,  -0.18628806f,
                              0.27886807f,  -1.13520398f, 1.48851587f, -0.82215223f, 0.17087277f};
  // Two exponentials instead of one of the sum: the square is large, and rounding the sum would be visible.
  const V tail = t * exp(polynomial(t, kTerms)) * exp(hn::Neg(x * x * half));
  const V factor = hn::IfThenElse(hn::Lt(x, hn::Zero(hn::DFromV<V>())), tail, same_for_all<V>(2) - tail);
  return half * x * factor;
}

}  // namespace rocmforge::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
