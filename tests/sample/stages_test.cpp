// Tests each stage alone, in cases small enough to compute by hand.
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sample/chains.h"

namespace rocmforge::sample {
namespace {

using ::testing::ElementsAre;

// Ties at the limit are decided for the lower ids.
TEST(TopK, KeepsTheLargestAndOfEqualOnesTheFirst) {
  Settings settings;
  settings.top_k = 3;
  EXPECT_THAT(left_by(make_top_k, settings, std::vector<float>{1, 2, 1, 3, 1}), ElementsAre(0, 1, 3));
}

TEST(TopK, IsOffAtZeroAndBeyondTheVocabulary) {
  Settings settings;
  const std::vector<float> logits = {1, 2, 3};
  for (const int k : {0, 3, 1000}) {
    settings.top_k = k;
    EXPECT_THAT(left_by(make_top_k, settings, logits), ElementsAre(0, 1, 2)) << k;
  }
}

// Four tokens of 1/4 each: two of them reach one half exactly.
TEST(TopP, KeepsTheTokenThatReachesTheShare) {
  Settings settings;
  const std::vector<float> equal(4, 1.5f);
  settings.top_p = 0.5f;
  EXPECT_THAT(left_by(make_top_p, settings, equal), ElementsAre(0, 1));
  settings.top_p = 0.51f;
  EXPECT_THAT(left_by(make_top_p, settings, equal), ElementsAre(0, 1, 2));
  settings.top_p = 0;
  EXPECT_THAT(left_by(make_top_p, settings, equal), ElementsAre(0));
  settings.top_p = 1;
  EXPECT_THAT(left_by(make_top_p, settings, equal), ElementsAre(0, 1, 2, 3));
}

TEST(TopP, KeepsAtLeastMinKeep) {
  Settings settings;
  settings.top_p = 0.1f;
  settings.min_keep = 2;
  EXPECT_THAT(left_by(make_top_p, settings, logits_of({0.1, 0.7, 0.2})), ElementsAre(1, 2));
  settings.min_keep = 9;
  EXPECT_THAT(left_by(make_top_p, settings, logits_of({0.1, 0.7, 0.2})), ElementsAre(0, 1, 2));
}

// A nucleus of more tokens than are examined first: 3000 equal ones, of which 1500 make 0.5.
TEST(TopP, FindsALargeNucleus) {
  Settings settings;
  settings.top_p = 0.5f;
  const auto left = left_by(make_top_p, settings, std::vector<float>(3000, -2.0f));
  ASSERT_EQ(left.size(), 1500u);
  EXPECT_EQ(left.back(), 1499);
}

TEST(MinP, KeepsWhatIsLikelyBesideTheLikeliest) {
  Settings settings;
  settings.min_p = 0.25f;
  EXPECT_THAT(left_by(make_min_p, settings, logits_of({0.11, 0.4, 0.09, 0.3, 0.1001})), ElementsAre(0, 1, 3, 4));
  settings.min_p = 1;
  EXPECT_THAT(left_by(make_min_p, settings, std::vector<float>{2, 5, 5, 1}), ElementsAre(1, 2));
  settings.min_keep = 3;
  EXPECT_THAT(left_by(make_min_p, settings, std::vector<float>{2, 5, 5, 1}), ElementsAre(0, 1, 2));
  settings.min_p = 0;
  EXPECT_EQ(left_by(make_min_p, settings, std::vector<float>{2, 5, 5, 1}).size(), 4u);
}

// Mean 2, deviation 2: within one deviation of 6 is everything from 4 on. Impossible tokens do not count.
TEST(TopNSigma, KeepsWhatIsWithinDeviationsOfTheLargest) {
  Settings settings;
  const std::vector<float> logits = {0, 6, 2, 0, -kInfinity, 2, 2, 4, 0};  // squares: 4 16 0 4 0 0 4 4 = 32 / 8
  settings.top_n_sigma = 1;
  EXPECT_THAT(left_by(make_top_n_sigma, settings, logits), ElementsAre(1, 7));
  settings.top_n_sigma = 2;
  EXPECT_THAT(left_by(make_top_n_sigma, settings, logits), ElementsAre(1, 2, 5, 6, 7));
  settings.top_n_sigma = 0;
  EXPECT_EQ(left_by(make_top_n_sigma, settings, logits).size(), 9u);
  settings.top_n_sigma = 1;
  EXPECT_EQ(left_by(make_top_n_sigma, settings, std::vector<float>(5, 3.0f)).size(), 5u);
}

// p 0.6, 0.2, 0.15, 0.05: the surprises are 0.511, 1.609, 1.897, 2.996, the entropy 1.063, and so the distances 0.552,
// 0.547, 0.834, 1.933. The order is 0.2, 0.6, 0.15, 0.05: tokens 2, 3, 1, 0.
TEST(Typical, KeepsWhatIsAsSurprisingAsExpected) {
  Settings settings;
  const auto logits = logits_of({0.05, 0.15, 0.2, 0.6});
  const std::vector<std::pair<float, std::vector<TokenId>>> cases = {
      {0.1f, {2}}, {0.7f, {2, 3}}, {0.9f, {1, 2, 3}}, {0.96f, {0, 1, 2, 3}}};
  for (const auto& [share, left] : cases) {
    settings.typical_p = share;
    EXPECT_EQ(left_by(make_typical, settings, logits), left) << share;
  }
  settings.typical_p = 0.1f;
  settings.min_keep = 3;
  EXPECT_THAT(left_by(make_typical, settings, logits), ElementsAre(1, 2, 3));
}

// The share must be exceeded, not only reached.
TEST(Typical, TakesTokensUntilTheShareIsExceeded) {
  Settings settings;
  settings.typical_p = 0.5f;
  EXPECT_THAT(left_by(make_typical, settings, std::vector<float>(4, 1.0f)), ElementsAre(0, 1, 2));
}

TEST(Xtc, DropsLikelyTokensButTheLastOfThem) {
  Settings settings;
  settings.xtc_probability = 1;
  settings.xtc_threshold = 0.15f;
  const auto logits = logits_of({0.1, 0.2, 0.4, 0.05, 0.2, 0.05});
  EXPECT_THAT(left_by(make_xtc, settings, logits),
              ElementsAre(0, 3, 4, 5));  // of the two with 0.2 the first counts as likelier
  settings.min_keep = 4;
  EXPECT_EQ(left_by(make_xtc, settings, logits).size(), 4u);
  settings.min_keep = 5;
  EXPECT_EQ(left_by(make_xtc, settings, logits).size(), 6u);
}

TEST(Xtc, DropsNothingWithOneLikelyToken) {
  Settings settings;
  settings.xtc_probability = 1;
  settings.xtc_threshold = 0.3f;
  EXPECT_EQ(left_by(make_xtc, settings, logits_of({0.1, 0.2, 0.4, 0.1, 0.2})).size(), 5u);
  settings.xtc_threshold = 0.51f;  // two tokens cannot be that likely
  EXPECT_EQ(make_xtc(settings, 5), nullptr);
}

// With a threshold of 0 all tokens are likely except impossible ones.
TEST(Xtc, NeverLeavesTheImpossible) {
  Settings settings;
  settings.xtc_probability = 1;
  settings.xtc_threshold = 0;
  EXPECT_THAT(left_by(make_xtc, settings, std::vector<float>{2, 1, -kInfinity}), ElementsAre(1, 2));
}

TEST(Temperature, OfZeroKeepsTheFirstOfTheLikeliest) {
  Settings settings;
  settings.temperature = 0;
  EXPECT_THAT(left_by(make_temperature, settings, std::vector<float>{1, 3, 3}), ElementsAre(1));
  settings.temperature = -1;
  settings.dynatemp_range = 2;
  EXPECT_THAT(left_by(make_temperature, settings, std::vector<float>{1, 3, 3}), ElementsAre(1));
}

TEST(Temperature, Divides) {
  Settings settings;
  settings.temperature = 0.5f;
  EXPECT_THAT(logits_after(make_temperature, settings, {}, std::vector<float>{1, -3, -kInfinity}),
              ElementsAre(2, -6, -kInfinity));
}

// Such a temperature would make logits infinite and their difference NaN.
TEST(Temperature, MayBeAsLowAsAFloatGoes) {
  Settings settings;
  settings.temperature = std::numeric_limits<float>::denorm_min();
  for (const float sign : {1.0f, -1.0f}) {
    const auto logits = logits_after(make_temperature, settings, {}, std::vector<float>{sign * 30, sign * 30 - 1});
    EXPECT_TRUE(std::isfinite(logits[0]));
    EXPECT_GT(logits[0], logits[1] + 1000);
  }
}

// Two equally likely tokens have the maximum entropy and get the highest temperature, 1.5.
TEST(Temperature, MovesWithTheEntropy) {
  Settings settings;
  settings.temperature = 1;
  settings.dynatemp_range = 0.5f;
  auto logits = logits_after(make_temperature, settings, {}, std::vector<float>{3, 3, -kInfinity});
  EXPECT_FLOAT_EQ(logits[0], 2);
  // One token has practically all the probability: the lowest temperature, 0.5.
  logits = logits_after(make_temperature, settings, {}, std::vector<float>{60, 0});
  EXPECT_FLOAT_EQ(logits[0], 120);
  // With exponent 0 the entropy does not matter.
  settings.dynatemp_exponent = 0;
  EXPECT_FLOAT_EQ(logits_after(make_temperature, settings, {}, std::vector<float>{60, 0})[0], 40);
}

TEST(StageTable, NamesAndLettersAreUnique) {
  std::set<std::string_view> names;
  std::set<char> letters;
  for (const StageEntry& entry : stages()) {
    EXPECT_TRUE(names.insert(entry.name).second) << entry.name;
    EXPECT_TRUE(letters.insert(entry.letter).second) << entry.name;
    EXPECT_EQ(find_stage(entry.name), &entry);
    EXPECT_EQ(parse_stages(entry.name), std::vector<std::string>{std::string(entry.name)});
    for (const std::string_view alias : entry.aliases) {
      if (alias.empty()) continue;
      EXPECT_EQ(parse_stages(alias), std::vector<std::string>{std::string(entry.name)}) << alias;
    }
  }
}

// Every stage leaves something that can be drawn, if there is anything, and accepts that there is nothing.
TEST(StageTable, EveryStageBearsOddLogits) {
  Settings settings;
  settings.typical_p = 0.5f;
  settings.top_n_sigma = 1;
  settings.xtc_probability = 1;
  settings.repeat_penalty = 1.5f;
  settings.dry_multiplier = 1;
  settings.dynatemp_range = 0.5f;
  const std::vector<std::vector<float>> odd = {std::vector<float>(100, -kInfinity),
                                               std::vector<float>(100, kNan),
                                               {3},
                                               {kInfinity, kInfinity, 1, -kInfinity},
                                               {-kInfinity, -1e38f, kNan},
                                               {3e38f, -3e38f, 0},
                                               {-kInfinity}};
  for (const StageEntry& entry : stages()) {
    for (const auto& logits : odd) {
      Candidates candidates = candidates_of(logits);
      const bool possible = candidates.largest_logit() != kImpossible;
      const auto stage = entry.make(settings, static_cast<int>(logits.size()));
      Random random(1);
      if (stage) {
        for (int i = 0; i < 9; ++i) stage->remember(0);
        stage->apply(candidates, random);
      }
      EXPECT_EQ(candidates.largest_logit() != kImpossible, possible) << entry.name;
      for (int i = 0; i < candidates.size(); ++i) EXPECT_FALSE(std::isnan(candidates.logit(i))) << entry.name;
    }
  }
}

// Before a temperature of 0 the sampler skips stages that are declared to keep the likeliest token, so they must keep
// it.
TEST(StageTable, WhatKeepsTheLikeliestDoes) {
  Settings settings;
  settings.top_n_sigma = 0.5f;
  settings.dynatemp_range = 0.5f;
  for (const StageEntry& entry : stages()) {
    const auto stage = entry.make(settings, 500);
    if (!stage || stage->effect() != Stage::Effect::kKeepsLikeliest) continue;
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
      Candidates candidates = candidates_of(random_logits(500, seed));
      const TokenId before = candidates.token(candidates.likeliest(1).front().position);
      Random random(1);
      stage->apply(candidates, random);
      EXPECT_EQ(candidates.token(candidates.likeliest(1).front().position), before) << entry.name;
    }
  }
}

}  // namespace
}  // namespace rocmforge::sample
