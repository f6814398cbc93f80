// Tests a request's sampler as a whole: seeds, impossible tokens, and extreme settings.
#include <algorithm>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sample/chains.h"

namespace rocmforge::sample {
namespace {

std::vector<TokenId> draws(Sampler& sampler, int count, int vocabulary = 200) {
  std::vector<TokenId> tokens;
  for (int i = 0; i < count; ++i)
    tokens.push_back(sampler.draw(random_logits(vocabulary, static_cast<std::uint64_t>(i))));
  return tokens;
}

Settings everything() {
  Settings settings = chain(kDefaultStages);
  settings.temperature = 1;
  settings.repeat_penalty = 1.2f;
  settings.dry_multiplier = 0.5f;
  settings.xtc_probability = 0.5f;
  settings.typical_p = 0.9f;
  settings.top_n_sigma = 3;
  return settings;
}

TEST(Sampler, DrawsTheSameWithTheSameSeed) {
  Settings settings = everything();
  Sampler first(settings, 200);
  Sampler second(settings, 200);
  settings.seed = 1;
  Sampler other(settings, 200);
  const auto drawn = draws(first, 300);
  EXPECT_EQ(draws(second, 300), drawn);
  EXPECT_NE(draws(other, 300), drawn);
}

// Interleaved requests must draw the same tokens as each alone.
TEST(Sampler, IsNotDisturbedByOthers) {
  const Settings settings = everything();
  Sampler alone(settings, 200);
  const auto expected = draws(alone, 200);
  Settings others = settings;
  others.seed = 9;
  Sampler watched(settings, 200);
  Sampler other(others, 200);
  std::vector<TokenId> drawn;
  for (int i = 0; i < 200; ++i) {
    drawn.push_back(watched.draw(random_logits(200, static_cast<std::uint64_t>(i))));
    other.draw(random_logits(200, static_cast<std::uint64_t>(i) + 1000));
    other.remember(i);
  }
  EXPECT_EQ(drawn, expected);
}

TEST(Sampler, MayBeMoved) {
  const Settings settings = everything();
  Sampler whole(settings, 200);
  const auto expected = draws(whole, 100);
  Sampler begun(settings, 200);
  auto drawn = draws(begun, 50);
  Sampler moved = std::move(begun);
  for (int i = 50; i < 100; ++i) drawn.push_back(moved.draw(random_logits(200, static_cast<std::uint64_t>(i))));
  EXPECT_EQ(drawn, expected);
}

// The number of random numbers that a step takes does not depend on the logits.
TEST(Sampler, StepsTakeTheSameRandomNumbersWhateverIsDrawn) {
  Settings settings = chain("top_k;xtc;temperature");
  settings.xtc_probability = 0.5f;
  Sampler plain(settings, 200);
  Sampler forced(settings, 200);
  plain.draw(random_logits(200, 1));
  forced.draw(std::vector<float>(200, 0.0f));
  const auto expected = draws(plain, 20);
  EXPECT_EQ(draws(forced, 20), expected);
}

TEST(Sampler, TakesTheFirstOfTheLikeliestAtTemperatureZero) {
  for (const std::string_view stages :
       {kDefaultStages, std::string_view("temperature"), std::string_view("temp;xtc")}) {
    Settings settings = chain(stages);
    settings.temperature = 0;
    settings.min_keep = 20;
    Sampler sampler(settings, 10'000);
    auto logits = random_logits(10'000, 4);
    logits[7000] = logits[3000] = 100;
    EXPECT_EQ(sampler.draw(logits), 3000);
    logits[9999] = kInfinity;
    logits[1] = kNan;
    EXPECT_EQ(sampler.draw(logits), 9999);
  }
}

// Stages before a temperature of 0 count if they can change which token is likeliest.
TEST(Sampler, AppliesPenaltiesAndBiasesAtTemperatureZero) {
  Settings settings = chain(kDefaultStages);
  settings.temperature = 0;
  settings.repeat_penalty = 3;
  const std::vector<float> logits = {4, 3, 2};
  Sampler sampler(settings, 3);
  EXPECT_EQ(sampler.draw(logits), 0);
  EXPECT_EQ(sampler.draw(logits), 1);
  settings = chain(kDefaultStages);
  settings.temperature = 0;
  settings.logit_bias = {{0, -kInfinity}, {2, 1.5f}};
  EXPECT_EQ(Sampler(settings, 3).draw(logits), 2);
  settings.mirostat = 2;
  EXPECT_EQ(Sampler(settings, 3).draw(logits), 2);
}

TEST(Sampler, NeverDrawsWhatIsForbiddenOrNoNumber) {
  std::vector<float> logits(50, -kInfinity);
  logits[10] = -1e30f;
  logits[11] = kNan;
  logits[12] = -1e30f;
  logits[13] = 5;
  for (Settings settings : {chain(kDefaultStages), Settings{}, everything()}) {
    settings.logit_bias = {{13, -kInfinity}};
    Sampler sampler(settings, 50);
    for (int i = 0; i < 200; ++i) EXPECT_THAT(sampler.draw(logits), ::testing::AnyOf(10, 12));
  }
}

// Infinite logits share the whole probability.
TEST(Sampler, DrawsAmongInfiniteLogits) {
  std::vector<float> logits(50, 3e38f);
  logits[3] = logits[8] = kInfinity;
  for (const Settings& settings : {chain(kDefaultStages), Settings{}}) {
    Sampler sampler(settings, 50);
    int first = 0;
    for (int i = 0; i < 1000; ++i) {
      const TokenId drawn = sampler.draw(logits);
      ASSERT_TRUE(drawn == 3 || drawn == 8) << drawn;
      first += drawn == 3 ? 1 : 0;
    }
    EXPECT_NEAR(first, 500, 80);  // 5 deviations of sqrt(250)
  }
}

TEST(Sampler, DrawsNothingWhereNothingIsLeft) {
  for (const float impossible : {-kInfinity, kNan}) {
    for (Settings settings : {chain(kDefaultStages), Settings{}, everything()}) {
      for (const int mirostat : {0, 1, 2}) {
        for (const float temperature : {0.0f, 1.0f}) {
          settings.mirostat = mirostat;
          settings.temperature = temperature;
          Sampler sampler(settings, 50);
          EXPECT_EQ(sampler.draw(std::vector<float>(50, impossible)), Sampler::kNothing);
          EXPECT_EQ(sampler.draw(std::vector<float>(50, 1.0f)) < 50, true);  // and continues
        }
      }
    }
  }
  Settings settings;
  settings.logit_bias = {{0, -kInfinity}, {1, -kInfinity}};
  EXPECT_EQ(Sampler(settings, 2).draw(std::vector<float>{1, 2}), Sampler::kNothing);
}

TEST(Sampler, BearsAVocabularyOfOne) {
  for (Settings settings : {chain(kDefaultStages), Settings{}, everything()}) {
    for (const int mirostat : {0, 1, 2}) {
      settings.mirostat = mirostat;
      Sampler sampler(settings, 1);
      for (int i = 0; i < 100; ++i) EXPECT_EQ(sampler.draw(std::vector<float>{-3}), 0);
    }
  }
}

// All settings are valid at 0, which means off or the strictest value.
TEST(Sampler, BearsSettingsOfZero) {
  Settings settings = chain(kDefaultStages);
  settings.dynatemp_exponent = settings.top_p = settings.min_p = settings.typical_p = 0;
  settings.xtc_threshold = settings.dry_base = settings.mirostat_tau = settings.mirostat_eta = 0;
  settings.top_k = settings.min_keep = settings.penalty_last_n = settings.dry_allowed_length = 0;
  settings.dry_penalty_last_n = 0;
  settings.xtc_probability = 1;
  check(settings);
  Sampler sampler(settings, 200);
  for (const TokenId token : draws(sampler, 20)) EXPECT_GE(token, 0);
  settings.dry_multiplier = settings.dry_base = 1;
  settings.dry_penalty_last_n = settings.penalty_last_n = 5;
  settings.presence_penalty = 1;
  Sampler repetitive(settings, 200);
  for (const TokenId token : draws(repetitive, 20)) EXPECT_GE(token, 0);
}

TEST(Sampler, BearsExtremeSettings) {
  Settings settings = chain(kDefaultStages);
  constexpr float kMost = std::numeric_limits<float>::max();
  settings.temperature = settings.dynatemp_range = settings.dynatemp_exponent = kMost;
  settings.repeat_penalty = settings.frequency_penalty = settings.presence_penalty = kMost;
  settings.dry_multiplier = settings.dry_base = settings.top_n_sigma = kMost;
  settings.top_k = settings.min_keep = settings.dry_allowed_length = std::numeric_limits<int>::max();
  settings.penalty_last_n = settings.dry_penalty_last_n = std::numeric_limits<int>::max();
  settings.logit_bias = {{0, kMost}, {1, -kMost}};
  check(settings);
  Sampler sampler(settings, 200);
  for (const TokenId token : draws(sampler, 20)) EXPECT_GE(token, 0);
}

}  // namespace
}  // namespace rocmforge::sample
