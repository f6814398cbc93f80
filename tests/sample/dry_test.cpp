// Tests that DRY penalises exactly the tokens that would continue a repetition, by its length.
#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "sample/breakers.h"
#include "sample/chains.h"
#include "support/cpu_time.h"

namespace rocmforge::sample {
namespace {

using Tokens = std::vector<TokenId>;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

Settings dry(float multiplier = 1, float base = 2, int allowed_length = 2) {
  Settings settings;
  settings.dry_multiplier = multiplier;
  settings.dry_base = base;
  settings.dry_allowed_length = allowed_length;
  return settings;
}

// Returns the penalty of each penalised token.
std::map<TokenId, float> penalties(const Settings& settings, const Tokens& history, int vocabulary = 10) {
  const std::vector<float> logits(static_cast<std::size_t>(vocabulary), 0.0f);
  const auto changed = logits_after(make_dry, settings, history, logits);
  std::map<TokenId, float> paid;
  for (std::size_t token = 0; token < changed.size(); ++token) {
    if (changed[token] != 0) paid[static_cast<TokenId>(token)] = -changed[token];
  }
  return paid;
}

// In 1 2 3 4 … 1 2 3, three tokens are repeated, and 4 followed: 3 * 2^(3 - 2).
TEST(Dry, PenalisesTheTokenThatWouldGoOn) {
  EXPECT_THAT(penalties(dry(3), {1, 2, 3, 4, 9, 1, 2, 3}), ElementsAre(Pair(4, 6.0f)));
}

// "2 3" occurs three times; followed by 4 it is a repetition of two tokens, followed by 5 one of three ("1 2 3").
TEST(Dry, TakesTheLongestRepetitionOfEachToken) {
  EXPECT_THAT(penalties(dry(), {2, 3, 4, 1, 2, 3, 5, 7, 2, 3, 5, 1, 2, 3}), ElementsAre(Pair(4, 1.0f), Pair(5, 2.0f)));
}

TEST(Dry, LeavesShorterRepetitionsAlone) {
  EXPECT_THAT(penalties(dry(1, 2, 3), {2, 3, 4, 2, 3}), IsEmpty());
  EXPECT_THAT(penalties(dry(1, 2, 2), {2, 3, 4, 2, 3}), ElementsAre(Pair(4, 1.0f)));
  EXPECT_THAT(penalties(dry(1, 2, 1), {2, 3, 4, 2, 3}), ElementsAre(Pair(4, 2.0f)));
}

// A repetition may overlap itself: in 7 7 7 7, the last three are also the first three.
TEST(Dry, SeesRepetitionsThatOverlap) { EXPECT_THAT(penalties(dry(), {7, 7, 7, 7}), ElementsAre(Pair(7, 2.0f))); }

// "5 0 6" is repeated, but only "6" follows the breaker 0; and nothing follows the breaker 6.
TEST(Dry, RepetitionsEndAtBreakers) {
  Settings settings = dry(1, 2, 1);
  const Tokens history = {5, 0, 6, 4, 9, 5, 0, 6};
  EXPECT_THAT(penalties(settings, history), ElementsAre(Pair(4, 4.0f)));
  settings.dry_breakers = {{0}};
  EXPECT_THAT(penalties(settings, history), ElementsAre(Pair(4, 1.0f)));
  settings.dry_breakers = {{6}};
  EXPECT_THAT(penalties(settings, history), IsEmpty());
}

// A breaker of two tokens breaks only where both occur.
TEST(Dry, BreakersMayBeOfSeveralTokens) {
  Settings settings = dry(1, 2, 1);
  const Tokens history = {5, 0, 6, 4, 9, 5, 0, 6};
  settings.dry_breakers = {{5, 0}};
  EXPECT_THAT(penalties(settings, history), ElementsAre(Pair(4, 1.0f)));
  settings.dry_breakers = {{0, 5}, {9, 0}, {5, 0, 7}};
  EXPECT_THAT(penalties(settings, history), ElementsAre(Pair(4, 4.0f)));
  settings.dry_breakers = {{9, 5, 0, 6}};
  EXPECT_THAT(penalties(settings, history), IsEmpty());
}

// The 4 that would continue is a breaker by itself, and is penalised only as part of a longer breaker.
TEST(Dry, BreakersNeverPay) {
  Settings settings = dry();
  const Tokens history = {1, 2, 4, 1, 2};
  settings.dry_breakers = {{4}};
  EXPECT_THAT(penalties(settings, history), IsEmpty());
  settings.dry_breakers = {{4, 8}};
  EXPECT_THAT(penalties(settings, history), ElementsAre(Pair(4, 1.0f)));
}

// The first "1 2 3" begins eight tokens before the end: a window of 7 tokens contains "2 3" of it, one of 6 too little.
TEST(Dry, LooksBackAsFarAsTheWindow) {
  Settings settings = dry();
  const Tokens history = {1, 2, 3, 4, 9, 1, 2, 3};
  const std::vector<std::pair<int, float>> cases = {{-1, 2}, {100, 2}, {8, 2}, {7, 1}, {6, 0}};
  for (const auto& [window, penalty] : cases) {
    settings.dry_penalty_last_n = window;
    const auto paid = penalties(settings, history);
    EXPECT_EQ(paid.contains(4) ? paid.at(4) : 0, penalty) << window;
  }
}

TEST(Dry, IsOffWithoutMultiplierWindowOrBase) {
  Settings settings = dry(0);
  EXPECT_EQ(make_dry(settings, 10), nullptr);
  settings = dry(1, 0.99f);
  EXPECT_EQ(make_dry(settings, 10), nullptr);
  settings = dry();
  settings.dry_penalty_last_n = 0;
  EXPECT_EQ(make_dry(settings, 10), nullptr);
}

// 1.75^500 exceeds any float; the token must become impossible, not NaN.
TEST(Dry, LongRepetitionsStayFinite) {
  Settings settings = dry(5, 1.75f);
  settings.dry_penalty_last_n = -1;
  const auto paid = penalties(settings, Tokens(500, 3));
  EXPECT_THAT(paid, ElementsAre(Pair(3, std::numeric_limits<float>::max())));
}

// Longer breakers count by their first 20 tokens.
TEST(Breakers, AreCutToTheirFirstTokens) {
  Tokens counting;
  for (TokenId token = 0; token < 30; ++token) counting.push_back(token);
  const Breakers breakers({counting});
  EXPECT_TRUE(breakers.end(std::span(counting).first(20)));
  EXPECT_FALSE(breakers.end(std::span(counting).first(19)));
  EXPECT_FALSE(breakers.end(std::span(counting).first(21)));
}

// Computes the lengths of repetitions by comparing everything with everything.
std::map<TokenId, float> naive(const Settings& settings, const Tokens& history) {
  const auto ends_at = [&](std::size_t end) {
    return std::ranges::any_of(settings.dry_breakers.sequences(), [&](const Tokens& breaker) {
      const std::size_t length = breaker.size();
      return length <= end &&
             std::equal(breaker.begin(), breaker.end(), history.begin() + static_cast<int>(end - length));
    });
  };
  const std::size_t size = history.size();
  std::size_t limit = 0;
  while (limit < size && !ends_at(size - limit)) ++limit;
  const int last_n = settings.dry_penalty_last_n;
  const std::size_t begin =
      last_n < 0 || static_cast<std::size_t>(last_n) > size ? 0 : size - static_cast<std::size_t>(last_n);
  std::map<TokenId, int> longest;
  for (std::size_t at = begin + 1; at < size; ++at) {
    std::size_t length = 0;
    while (length < limit && length < at - begin && history[at - 1 - length] == history[size - 1 - length]) ++length;
    if (static_cast<int>(length) < settings.dry_allowed_length) continue;
    int& most = longest[history[at]];
    most = std::max(most, static_cast<int>(length));
  }
  std::map<TokenId, float> paid;
  for (const auto& [token, length] : longest) {
    const bool is_breaker = std::ranges::count(settings.dry_breakers.sequences(), Tokens{token}) > 0;
    const int exponent = length - settings.dry_allowed_length;
    if (!is_breaker) paid[token] = settings.dry_multiplier * static_cast<float>(std::ldexp(1.0, exponent));
  }
  return paid;
}

RC_GTEST_PROP(Dry, IsThatOfComparingEverything, ()) {
  Settings settings = dry();
  const int vocabulary = *rc::gen::inRange(1, 5);
  const auto token = rc::gen::inRange(0, vocabulary);
  settings.dry_allowed_length = *rc::gen::inRange(1, 4);
  settings.dry_penalty_last_n = *rc::gen::oneOf(rc::gen::just(-1), rc::gen::inRange(1, 40));
  settings.dry_breakers = Breakers(*rc::gen::scale(
      0.1, rc::gen::container<std::vector<Tokens>>(rc::gen::nonEmpty(rc::gen::container<Tokens>(token)))));
  const auto history = *rc::gen::container<Tokens>(token);
  RC_CLASSIFY(!naive(settings, history).empty(), "something pays");
  RC_ASSERT(penalties(settings, history, vocabulary) == naive(settings, history));
}

// Time grows linearly with the window for any text: a hundred thousand tokens of the worst kinds.
TEST(Dry, TakesLinearTime) {
  Settings settings = dry();
  settings.dry_penalty_last_n = -1;
  std::vector<Tokens> breakers;
  for (TokenId token = 0; token < 2000; ++token) {  // all end alike, so that none can be ruled out by its end
    Tokens breaker(19, 1);
    breaker.insert(breaker.begin(), 2 + token % 7);
    breakers.push_back(breaker);
  }
  settings.dry_breakers = Breakers(breakers);
  for (const int period : {1, 2, 1000}) {
    const auto stage = make_dry(settings, 10);
    for (int i = 0; i < 100'000; ++i) stage->remember(i % period == 0 ? 1 : 0);
    Candidates candidates = candidates_of(std::vector<float>(10, 0.0f));
    Random random(1);
    const double seconds = testing::cpu_seconds([&] { stage->apply(candidates, random); });
    // About ten operations per token; comparing all pairs would take seconds.
    EXPECT_LT(seconds, 0.05 * testing::kSlowdown) << period;
  }
}

}  // namespace
}  // namespace rocmforge::sample
