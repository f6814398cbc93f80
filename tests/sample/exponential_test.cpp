// Tests exp and log, which every distribution depends on.
#include <cmath>

#include <gtest/gtest.h>

#include "sample/exponential.h"

namespace rocmforge::sample {
namespace {

TEST(Exponential, FloatIsWithinItsBoundOverTheWholeRange) {
  double worst = 0;
  for (int i = 0; i <= 40 << 14; ++i) {
    const float x = -static_cast<float>(i) / (1 << 14);
    const auto exact = std::exp(static_cast<long double>(x));
    worst = std::max(worst, static_cast<double>(std::abs(static_cast<long double>(exp_below(x)) / exact - 1)));
  }
  EXPECT_LT(worst, 0x1p-22);
}

TEST(Exponential, FloatNearZeroIsWithinItsBound) {
  for (float x = -1; x < -1e-30f; x /= 1.37f) {
    EXPECT_NEAR(static_cast<double>(exp_below(x)), std::exp(static_cast<double>(x)), 0x1p-22);
  }
}

// The likeliest token must have weight 1, and impossible ones almost none.
TEST(Exponential, FloatEndsAreExact) {
  EXPECT_EQ(exp_below(0.0f), 1.0f);
  EXPECT_EQ(exp_below(-0.0f), 1.0f);
  EXPECT_EQ(exp_below(-INFINITY), exp_below(-40.0f));
  EXPECT_EQ(exp_below(-std::numeric_limits<float>::max()), exp_below(-40.0f));
}

TEST(Exponential, DoubleIsWithinItsBound) {
  for (double x = -699; x < 699; x += 0.0371) {
    const auto exact = std::exp(static_cast<long double>(x));
    EXPECT_LT(std::abs(static_cast<long double>(exponential(x)) / exact - 1), 0x1p-50L) << x;
  }
  EXPECT_EQ(exponential(0), 1);
  EXPECT_EQ(exponential(1000), exponential(700));
  EXPECT_EQ(exponential(-1000), exponential(-700));
}

TEST(Logarithm, IsWithinItsBound) {
  for (double x = 1e-300; x < 1e300; x *= 1.0371) {
    const auto exact = std::log(static_cast<long double>(x));
    EXPECT_LT(std::abs(static_cast<long double>(logarithm(x)) - exact), 0x1p-50L * std::max(1.0L, std::abs(exact)))
        << x;
  }
  for (double x = 0.5; x < 2; x += 0.000371) EXPECT_NEAR(logarithm(x), std::log(x), 0x1p-50) << x;
  EXPECT_EQ(logarithm(1), 0);
  EXPECT_EQ(logarithm(0), -INFINITY);
}

}  // namespace
}  // namespace rocmforge::sample
