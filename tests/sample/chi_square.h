// Tests whether draws can have come from a distribution.
#pragma once

#include <cmath>
#include <functional>
#include <map>

#include <gtest/gtest.h>

#include "sample/reference.h"

namespace rocmforge::sample {

// Returns the chi-square that a correct sampler exceeds in one case in a million: its cube root is nearly normal
// (Wilson and Hilferty 1931), and a normal value is above 4.75 deviations with probability 10^-6. The seeds are fixed,
// so a test that passes will continue to pass.
inline double critical_chi_square(int degrees_of_freedom) {
  const double part = 2.0 / (9.0 * degrees_of_freedom);
  return degrees_of_freedom * std::pow(1 - part + 4.75 * std::sqrt(part), 3);
}

// Draws 100,000 tokens. Tokens expected fewer than ten times are counted together, as the chi-square test requires.
inline void expect_distribution(const std::function<TokenId()>& draw, const reference::Distribution& expected) {
  constexpr int kDraws = 100'000;
  std::map<TokenId, int> counts;
  for (int i = 0; i < kDraws; ++i) ++counts[draw()];
  for (const auto& [token, count] : counts) ASSERT_TRUE(expected.contains(token)) << token << " drawn " << count;
  double rare_expected = 0;
  double rare_count = 0;
  double chi_square = 0;
  int cells = 0;
  const auto add = [&](double wanted, double found) {
    chi_square += (found - wanted) * (found - wanted) / wanted;
    ++cells;
  };
  for (const auto& [token, probability] : expected) {
    const double wanted = probability * kDraws;
    if (wanted >= 10) {
      add(wanted, counts[token]);
    } else {
      rare_expected += wanted;
      rare_count += counts[token];
    }
  }
  if (rare_expected >= 10) {
    add(rare_expected, rare_count);
  } else {
    EXPECT_LE(rare_count, 40);
  }
  if (cells > 1) {
    EXPECT_LT(chi_square, critical_chi_square(cells - 1)) << cells << " cells";
  }
}

}  // namespace rocmforge::sample
