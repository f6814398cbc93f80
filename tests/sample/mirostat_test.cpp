// Tests that Mirostat cuts at its limit and adjusts the limit by the drawn tokens.
#include <cmath>

#include <gtest/gtest.h>

#include "sample/chains.h"
#include "sample/chi_square.h"
#include "sample/reference.h"

namespace rocmforge::sample {
namespace {

using reference::Items;

Settings mirostat(int version, float tau, float eta) {
  Settings settings = chain(kDefaultStages);
  settings.mirostat = version;
  settings.mirostat_tau = tau;
  settings.mirostat_eta = eta;
  settings.temperature = 1;
  return settings;
}

Items not_too_surprising(const Items& items, double limit) {
  const auto probabilities = reference::softmax(items);
  std::size_t count = 0;
  while (count < items.size() && -std::log2(probabilities[count]) <= limit) ++count;
  return reference::first(items, std::max<std::size_t>(count, 1));
}

// Computes Zipf's exponent by least squares over the 100 likeliest tokens, then the number of tokens, as in the paper.
Items by_zipf(const Items& items, double limit) {
  const auto p = reference::softmax(items);
  double products = 0;
  double squares = 0;
  for (std::size_t i = 0; i < 99 && i + 1 < items.size(); ++i) {
    const double t = std::log((static_cast<double>(i) + 2) / (static_cast<double>(i) + 1));
    products += t * std::log(p[i] / p[i + 1]);
    squares += t * t;
  }
  const double s = products / squares;
  const double excess = s - 1;
  const auto size = static_cast<double>(items.size());
  const double k = std::pow(excess * std::pow(2, limit) / (1 - std::pow(size, -excess)), 1 / s);
  return reference::first(items, static_cast<std::size_t>(std::clamp(k, 1.0, size)));
}

// With eta 0 the limit stays at 2 tau, so that all draws are from one distribution.
TEST(Mirostat, Version2DropsWhatIsTooSurprising) {
  const auto logits = random_logits(300, 11);
  const Items all = reference::sorted(logits);
  for (const float tau : {1.5f, 2.5f, 4.0f}) {
    const Items left = not_too_surprising(all, 2 * tau);
    ASSERT_GT(left.size(), 1u);
    ASSERT_LT(left.size(), all.size());
    Sampler sampler(mirostat(2, tau, 0), 300);
    expect_distribution([&] { return sampler.draw(logits); }, reference::distribution(left));
  }
}

TEST(Mirostat, Version1KeepsAsManyAsZipfSays) {
  const auto logits = random_logits(300, 12);
  const Items all = reference::sorted(logits);
  for (const float tau : {2.0f, 3.0f, 4.0f}) {
    const Items left = by_zipf(all, 2 * tau);
    ASSERT_GT(left.size(), 1u);
    ASSERT_LT(left.size(), all.size());
    Sampler sampler(mirostat(1, tau, 0), 300);
    expect_distribution([&] { return sampler.draw(logits); }, reference::distribution(left));
  }
}

TEST(Mirostat, UsesTheTemperatureButNoOtherStage) {
  const auto logits = random_logits(300, 11);
  Settings settings = mirostat(2, 3, 0);
  settings.temperature = 0.6f;
  settings.top_k = 1;
  const Items left = not_too_surprising(reference::divided(reference::sorted(logits), 0.6f), 6);
  Sampler sampler(settings, 300);
  expect_distribution([&] { return sampler.draw(logits); }, reference::distribution(left));
}

// Follows each step: the drawn token is within the limit, is as often not the likeliest as expected, and the limit
// moves by its surprise.
TEST(Mirostat, LimitFollowsTheSurprise) {
  for (const int version : {1, 2}) {
    Sampler sampler(mirostat(version, 2, 0.3f), 300);
    double limit = 4;
    double surprises = 0;
    double expected_others = 0;
    int others = 0;
    constexpr int kSteps = 2000;
    for (int step = 0; step < kSteps; ++step) {
      auto logits = random_logits(300, static_cast<std::uint64_t>(step));
      for (float& logit : logits) logit /= 4;  // flat enough to reach the target
      const Items all = reference::sorted(logits);
      auto left = reference::distribution(version == 1 ? by_zipf(all, limit) : not_too_surprising(all, limit));
      const TokenId drawn = sampler.draw(logits);
      ASSERT_TRUE(left.contains(drawn)) << "version " << version << ", step " << step;
      expected_others += 1 - left[all[0].token];
      others += drawn == all[0].token ? 0 : 1;
      surprises -= std::log2(left[drawn]);
      limit -= 0.3f * (-std::log2(left[drawn]) - 2);
    }
    EXPECT_NEAR(surprises / kSteps, 2, 0.05) << "version " << version;
    EXPECT_NEAR(others, expected_others, 5 * std::sqrt(kSteps / 4.0)) << "version " << version;
  }
}

// A limit below every surprise leaves only the likeliest.
TEST(Mirostat, LeavesOneTokenAtLeast) {
  const auto logits = std::vector<float>(300, 1.0f);
  for (const int version : {1, 2}) {
    Sampler sampler(mirostat(version, 0, 0), 300);
    for (int i = 0; i < 20; ++i) EXPECT_EQ(sampler.draw(logits), 0) << version;
  }
}

TEST(Mirostat, BearsOddLogits) {
  const std::vector<std::vector<float>> odd = {
      {3}, {kInfinity, kInfinity, 1}, {-kInfinity, 5, kNan}, std::vector<float>(200, 0.0f), {3e38f, -3e38f}};
  for (const int version : {1, 2}) {
    for (const auto& logits : odd) {
      for (const float tau : {0.0f, 5.0f, 1e38f}) {
        Sampler sampler(mirostat(version, tau, 1), static_cast<int>(logits.size()));
        for (int i = 0; i < 20; ++i) {
          const TokenId drawn = sampler.draw(logits);
          ASSERT_GE(drawn, 0);
          EXPECT_GT(logits[static_cast<std::size_t>(drawn)], -1e38f);
        }
      }
    }
  }
}

// Logits that follow Zipf's law with exponent 1, for which the paper's formula would divide 0 by 0.
TEST(Mirostat, Version1BearsAnExponentOfOne) {
  std::vector<float> logits;
  for (int rank = 1; rank <= 500; ++rank) logits.push_back(-std::log(static_cast<float>(rank)));
  Sampler sampler(mirostat(1, 3, 0), 500);
  TokenId last = 0;
  for (int i = 0; i < 2000; ++i) last = std::max(last, sampler.draw(logits));
  // k = 2^6 / ln 500 = 10.3
  EXPECT_EQ(last, 9);
}

}  // namespace
}  // namespace rocmforge::sample
