// Tests that tokens are drawn as often as each stage's definition says.
#include <gtest/gtest.h>

#include "sample/chains.h"
#include "sample/chi_square.h"
#include "sample/reference.h"

namespace rocmforge::sample {
namespace {

using reference::Items;

class Distribution : public ::testing::Test {
 protected:
  void expect(const Settings& settings, const reference::Distribution& expected) {
    Sampler sampler(settings, static_cast<int>(logits_.size()));
    expect_distribution([&] { return sampler.draw(logits_); }, expected);
  }
  void expect(const Settings& settings, const Items& left) { expect(settings, reference::distribution(left)); }

  std::vector<float> logits_ = random_logits(150, 7);
  Items all_ = reference::sorted(logits_);
};

TEST_F(Distribution, Plain) { expect(Settings{}, all_); }

TEST_F(Distribution, TopK) {
  Settings settings = chain("top_k");
  settings.top_k = 12;
  expect(settings, reference::first(all_, 12));
}

TEST_F(Distribution, TopP) {
  Settings settings = chain("top_p");
  settings.top_p = 0.8f;
  expect(settings, reference::top_p(all_, 0.8));
}

TEST_F(Distribution, TopPWithMinKeep) {
  Settings settings = chain("top_p");
  settings.top_p = 0.2f;
  settings.min_keep = 9;
  ASSERT_LT(reference::top_p(all_, 0.2).size(), 9u);
  expect(settings, reference::top_p(all_, 0.2, 9));
}

TEST_F(Distribution, MinP) {
  Settings settings = chain("min_p");
  settings.min_p = 0.02f;
  expect(settings, reference::min_p(all_, 0.02));
}

TEST_F(Distribution, MinPWithMinKeep) {
  Settings settings = chain("min_p");
  settings.min_p = 0.9f;
  settings.min_keep = 7;
  ASSERT_LT(reference::min_p(all_, 0.9).size(), 7u);
  expect(settings, reference::min_p(all_, 0.9, 7));
}

TEST_F(Distribution, TopNSigma) {
  Settings settings = chain("top_n_sigma");
  settings.top_n_sigma = 1.5f;
  expect(settings, reference::top_n_sigma(all_, 1.5));
}

TEST_F(Distribution, Typical) {
  Settings settings = chain("typ_p");
  for (const float share : {0.3f, 0.7f, 0.95f}) {
    settings.typical_p = share;
    expect(settings, reference::typical(all_, static_cast<double>(share)));
  }
}

TEST_F(Distribution, TypicalWithMinKeep) {
  Settings settings = chain("typ_p");
  settings.typical_p = 0.05f;
  settings.min_keep = 6;
  ASSERT_LT(reference::typical(all_, 0.05).size(), 6u);
  expect(settings, reference::typical(all_, 0.05, 6));
}

TEST_F(Distribution, Xtc) {
  Settings settings = chain("xtc");
  settings.xtc_probability = 0.3f;
  settings.xtc_threshold = 0.04f;
  const Items without_likely = reference::xtc(all_, 0.04);
  ASSERT_LT(without_likely.size(), all_.size());
  expect(settings, reference::mixed(0.3, reference::distribution(without_likely), reference::distribution(all_)));
}

TEST_F(Distribution, XtcWithMinKeep) {
  Settings settings = chain("top_k;xtc");
  settings.top_k = 10;
  settings.xtc_probability = 1;
  settings.xtc_threshold = 0.04f;
  settings.min_keep = 10;
  expect(settings, reference::first(all_, 10));
}

TEST_F(Distribution, Temperature) {
  Settings settings = chain("temperature");
  for (const float temperature : {0.3f, 0.8f, 2.5f}) {
    settings.temperature = temperature;
    expect(settings, reference::divided(all_, static_cast<double>(temperature)));
  }
}

TEST_F(Distribution, DynamicTemperature) {
  Settings settings = chain("temperature");
  settings.temperature = 1.2f;
  settings.dynatemp_range = 0.9f;
  for (const float exponent : {1.0f, 2.5f, 0.3f}) {
    settings.dynatemp_exponent = exponent;
    const double temperature = reference::dynamic_temperature(all_, 1.2f, 0.9f, static_cast<double>(exponent));
    ASSERT_GT(std::abs(temperature - 1.2), 0.03);
    expect(settings, reference::divided(all_, temperature));
  }
}

// A range above the temperature ends at 0.
TEST_F(Distribution, DynamicTemperatureDownToZero) {
  Settings settings = chain("temperature");
  settings.temperature = 1;
  settings.dynatemp_range = 2;
  expect(settings, reference::divided(all_, reference::dynamic_temperature(all_, 1, 2, 1)));
}

TEST_F(Distribution, UsualChain) {
  Settings settings = chain(kDefaultStages);
  expect(settings,
         reference::divided(reference::min_p(reference::top_p(reference::first(all_, 40), 0.95f), 0.05f), 0.8f));
}

// The order is the user's: a temperature before top_p widens the nucleus.
TEST_F(Distribution, StagesActInTheirOrder) {
  Settings settings = chain("temperature;top_p");
  settings.temperature = 2;
  settings.top_p = 0.7f;
  const Items left = reference::top_p(reference::divided(all_, 2), 0.7f);
  ASSERT_GT(left.size(), reference::top_p(all_, 0.7f).size());
  expect(settings, left);
}

TEST_F(Distribution, LogitBias) {
  Settings settings;
  const TokenId likeliest = all_[0].token;
  const TokenId second = all_[1].token;
  settings.logit_bias = {{likeliest, -kInfinity}, {second, -0.75f}, {second, -0.25f}, {all_[100].token, 6.0f}};
  auto biased = logits_;
  biased[static_cast<std::size_t>(likeliest)] = -kInfinity;
  biased[static_cast<std::size_t>(second)] -= 1;
  biased[static_cast<std::size_t>(all_[100].token)] += 6;
  Items left = reference::sorted(biased);
  left.pop_back();
  expect(settings, left);
}

// A nucleus of thousands of tokens, which takes the code path for large vocabularies.
TEST(LargeDistribution, TopP) {
  auto logits = random_logits(20'000, 5);
  for (float& logit : logits) logit /= 2;
  Settings settings = chain("top_p");
  settings.top_p = 0.6f;
  const Items left = reference::top_p(reference::sorted(logits), 0.6f);
  ASSERT_GT(left.size(), 500u);
  Candidates candidates = candidates_of(logits);
  EXPECT_EQ(left_by(make_top_p, settings, logits).size(), left.size());
}

TEST(LargeDistribution, Typical) {
  auto logits = random_logits(20'000, 6);
  Settings settings = chain("typ_p");
  settings.typical_p = 0.6f;
  auto expected = reference::typical(reference::sorted(logits), 0.6f);
  std::sort(expected.begin(), expected.end(), [](const auto& a, const auto& b) { return a.token < b.token; });
  const auto left = left_by(make_typical, settings, logits);
  ASSERT_EQ(left.size(), expected.size());
  for (std::size_t i = 0; i < left.size(); ++i) EXPECT_EQ(left[i], expected[i].token);
}

}  // namespace
}  // namespace rocmforge::sample
