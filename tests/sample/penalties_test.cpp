// Tests that penalties affect exactly the tokens of the window, by their counts.
#include <algorithm>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "sample/chains.h"

namespace rocmforge::sample {
namespace {

using ::testing::ElementsAre;
using Tokens = std::vector<TokenId>;

TEST(Penalties, RepeatDividesWhatIsPositiveAndMultipliesTheRest) {
  Settings settings;
  settings.repeat_penalty = 2;
  EXPECT_THAT(logits_after(make_penalties, settings, Tokens{0, 1, 2, 0}, std::vector<float>{3, -3, 0, 3, -3}),
              ElementsAre(1.5f, -6, 0, 3, -3));
}

// Token 0 occurs twice, which subtracts 2 * 0.5 + 0.25; token 1 occurs once.
TEST(Penalties, FrequencyCountsAndPresenceDoesNot) {
  Settings settings;
  settings.frequency_penalty = 0.5f;
  settings.presence_penalty = 0.25f;
  EXPECT_THAT(logits_after(make_penalties, settings, Tokens{0, 1, 0}, std::vector<float>{3, 3, 3}),
              ElementsAre(1.75f, 2.25f, 3));
}

TEST(Penalties, SeeTheWindowOnly) {
  Settings settings;
  settings.presence_penalty = 1;
  const Tokens history = {0, 1, 2, 1};
  const std::vector<float> logits(4, 0.0f);
  settings.penalty_last_n = 2;
  EXPECT_THAT(logits_after(make_penalties, settings, history, logits), ElementsAre(0, -1, -1, 0));
  settings.penalty_last_n = 1;
  EXPECT_THAT(logits_after(make_penalties, settings, history, logits), ElementsAre(0, -1, 0, 0));
  settings.penalty_last_n = -1;
  EXPECT_THAT(logits_after(make_penalties, settings, history, logits), ElementsAre(-1, -1, -1, 0));
  settings.penalty_last_n = 0;
  EXPECT_THAT(logits_after(make_penalties, settings, history, logits), ElementsAre(0, 0, 0, 0));
}

// After top_k the candidates are a list: the right ones must be found in it, and removed ones must not return.
TEST(Penalties, ActOnWhatOtherStagesHaveLeft) {
  Settings settings;
  settings.top_k = 2;
  settings.presence_penalty = 1;
  Candidates candidates = candidates_of(std::vector<float>{5, 1, 7, 2});
  Random random(1);
  make_top_k(settings, 4)->apply(candidates, random);
  const auto penalties = make_penalties(settings, 4);
  for (const TokenId token : {1, 2, 3}) penalties->remember(token);
  penalties->apply(candidates, random);
  EXPECT_THAT(tokens_of(candidates), ElementsAre(0, 2));
  EXPECT_EQ(candidates.logit(0), 5);
  EXPECT_EQ(candidates.logit(1), 6);
}

RC_GTEST_PROP(Penalties, AreThoseOfCountingTheWindowAnew, ()) {
  Settings settings;
  settings.penalty_last_n = *rc::gen::inRange(-1, 12);
  settings.repeat_penalty = static_cast<float>(*rc::gen::inRange(1, 9)) / 4;
  settings.frequency_penalty = static_cast<float>(*rc::gen::inRange(-4, 5)) / 4;
  settings.presence_penalty = static_cast<float>(*rc::gen::inRange(-4, 5)) / 4;
  const auto history = *rc::gen::container<Tokens>(rc::gen::inRange(0, 8));
  const std::vector<float> logits = {4, -4, 0, 1, -1, 2, -2, 3};
  const auto stage = make_penalties(settings, 8);
  if (!stage) return;
  for (std::size_t step = 0; step <= history.size();
       ++step) {  // tokens must enter and leave the window correctly at every step
    Candidates candidates = candidates_of(logits);
    Random random(1);
    if (step % 3 == 0 || step == history.size()) {
      stage->apply(candidates, random);
      const std::size_t window =
          settings.penalty_last_n < 0 ? step : std::min(step, static_cast<std::size_t>(settings.penalty_last_n));
      for (TokenId token = 0; token < 8; ++token) {
        const auto end = history.begin() + static_cast<std::ptrdiff_t>(step);
        const auto times = std::count(end - static_cast<std::ptrdiff_t>(window), end, token);
        float expected = logits[static_cast<std::size_t>(token)];
        if (times > 0) {
          expected = expected > 0 ? expected / settings.repeat_penalty : expected * settings.repeat_penalty;
          expected -= static_cast<float>(times) * settings.frequency_penalty + settings.presence_penalty;
        }
        RC_ASSERT(candidates.logit(token) == expected);
      }
    }
    if (step < history.size()) stage->remember(history[step]);
  }
}

// The prompt counts as well as drawn tokens.
TEST(Penalties, CountWhatWasRememberedAndWhatWasDrawn) {
  Settings settings = chain("penalties;temperature");
  settings.temperature = 0;
  settings.presence_penalty = 2;
  Sampler sampler(settings, 3);
  sampler.remember(0);
  const std::vector<float> logits = {3, 2.5f, 0.75f};
  EXPECT_EQ(sampler.draw(logits), 1);  // 1, 2.5, 0.75
  EXPECT_EQ(sampler.draw(logits), 0);  // 1, 0.5, 0.75
}

}  // namespace
}  // namespace rocmforge::sample
