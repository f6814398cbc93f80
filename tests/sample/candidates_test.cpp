// Tests the fast ways to find the likeliest tokens against a full sort: a token lost here could never be drawn.
#include <algorithm>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "sample/chains.h"

namespace rocmforge::sample {
namespace {

// Returns logits that are difficult for selection: many equal ones, wide and narrow ranges, both zeros, NaNs.
std::vector<float> odd_logits(int size, int kind, std::uint64_t seed) {
  Bits bits(seed);
  std::vector<float> logits(static_cast<std::size_t>(size));
  for (float& logit : logits) {
    const int value = bits.below(2001) - 1000;
    if (kind == 0) logit = static_cast<float>(value % 4);
    if (kind == 1) logit = static_cast<float>(value) / 64;
    if (kind == 2) logit = static_cast<float>(value) * 1e30f;
    if (kind == 3) logit = 20 + static_cast<float>(value) * 1e-5f;
    if (kind == 4) logit = std::ldexp(value < 0 ? -1.0f : 1.0f, value % 100);
    if (kind == 5) logit = value % 3 == 0 ? 0.0f : -0.0f;
    if (bits.below(50) == 0) logit = bits.below(2) == 0 ? -kInfinity : kNan;
  }
  return logits;
}

std::vector<Ranked> sorted(const Candidates& candidates) {
  std::vector<Ranked> all;
  for (int i = 0; i < candidates.size(); ++i) all.push_back({candidates.logit(i), i});
  std::sort(all.begin(), all.end(), [](const Ranked& a, const Ranked& b) {
    return a.logit != b.logit ? a.logit > b.logit : a.position < b.position;
  });
  return all;
}

std::vector<float> arbitrary_logits() {
  const int size = *rc::gen::oneOf(rc::gen::inRange(1, 300), rc::gen::inRange(1000, 20'000));
  return odd_logits(size, *rc::gen::inRange(0, 6), *rc::gen::arbitrary<std::uint64_t>());
}

RC_GTEST_PROP(Candidates, LikeliestAreThoseOfASort, ()) {
  const auto logits = arbitrary_logits();
  Candidates candidates = candidates_of(logits);
  const auto all = sorted(candidates);
  const int count = *rc::gen::oneOf(rc::gen::inRange(1, 80), rc::gen::inRange(1, static_cast<int>(all.size()) + 2));
  const auto found = candidates.likeliest(count);
  RC_ASSERT(found.size() == std::min(all.size(), static_cast<std::size_t>(count)));
  for (std::size_t i = 0; i < found.size(); ++i) RC_ASSERT(found[i].position == all[i].position);
  RC_ASSERT(candidates.at_rank(count).position == all[found.size() - 1].position);
}

RC_GTEST_PROP(Candidates, KeepsThoseOfASortByRisingId, ()) {
  const auto logits = arbitrary_logits();
  Candidates candidates = candidates_of(logits);
  for (int round = 0; round < 3; ++round) {  // later rounds work on a list that is no longer complete
    const auto all = sorted(candidates);
    const int count = *rc::gen::inRange(1, candidates.size() + 1);
    std::vector<TokenId> expected;
    for (int i = 0; i < count; ++i) expected.push_back(candidates.token(all[static_cast<std::size_t>(i)].position));
    std::sort(expected.begin(), expected.end());
    candidates.keep_likeliest(count);
    RC_ASSERT(tokens_of(candidates) == expected);
    for (int i = 0; i < candidates.size(); ++i) {
      const float original = logits[static_cast<std::size_t>(candidates.token(i))];
      RC_ASSERT(candidates.logit(i) == original || candidates.logit(i) == kImpossible);
    }
  }
}

RC_GTEST_PROP(Candidates, CutsByMassWhereASortedSumReachesIt, ()) {
  const auto logits = arbitrary_logits();
  Candidates candidates = candidates_of(logits);
  candidates.weigh();
  if (candidates.total() == 0) return;
  const auto share = static_cast<Mass>(*rc::gen::inRange(0, 1001));
  const Mass need = std::clamp<Mass>(candidates.total() / 1000 * share, 1, candidates.total());
  const Cut cut = candidates.cut_by_logit([&](int i) { return candidates.mass(i); }, need);
  Mass sum = 0;
  for (const Ranked& ranked : sorted(candidates)) {
    sum += candidates.mass(ranked.position);
    if (sum < need) continue;
    RC_ASSERT(cut.position == ranked.position);
    return;
  }
  RC_FAIL("never reached");
}

// Changed logits must be found, also if a block's largest decreases.
RC_GTEST_PROP(Candidates, KnowsTheLargestAfterChanges, ()) {
  auto logits = odd_logits(*rc::gen::inRange(1, 500), 1, *rc::gen::arbitrary<std::uint64_t>());
  Candidates candidates = candidates_of(logits);
  Bits bits(*rc::gen::arbitrary<std::uint64_t>());
  for (int i = 0; i < 100; ++i) {
    const int token = bits.below(static_cast<int>(logits.size()));
    const auto to = static_cast<float>(bits.below(40) - 20);
    if (bits.below(10) == 0) {
      candidates.forbid(token);
    } else {
      candidates.change(token, [&](float) { return to; });
    }
    if (i % 7 == 0) {
      const auto all = sorted(candidates);
      RC_ASSERT(candidates.largest_logit() == all.front().logit);
      RC_ASSERT(candidates.likeliest(1).front().position == all.front().position);
    }
  }
}

// A bias must not make a token possible that is forbidden.
TEST(Candidates, WhatIsImpossibleStaysSo) {
  Candidates candidates = candidates_of(std::vector<float>{-kInfinity, kNan, 1});
  for (const TokenId token : {0, 1}) candidates.change(token, [](float) { return 5.0f; });
  candidates.change_all([](float logit) { return logit / 2; });
  EXPECT_EQ(candidates.logit(0), -kInfinity);
  EXPECT_EQ(candidates.logit(1), -kInfinity);
  EXPECT_EQ(candidates.logit(2), 0.5f);
}

TEST(Candidates, ArithmeticStaysFinite) {
  Candidates candidates = candidates_of(std::vector<float>{1e38f, -1e38f});
  candidates.change_all([](float logit) { return logit * 1e10f; });
  EXPECT_EQ(candidates.logit(0), std::numeric_limits<float>::max());
  EXPECT_EQ(candidates.logit(1), -std::numeric_limits<float>::max());
}

// Drawing finds the token whose share of the sum contains a number; no share may be lost between blocks.
TEST(Candidates, EveryMassBelongsToOneToken) {
  const auto logits = random_logits(200, 3);
  Candidates candidates = candidates_of(logits);
  candidates.weigh();
  Mass sum = 0;
  for (int i = 0; i < candidates.size(); ++i) {
    if (candidates.mass(i) == 0) continue;
    EXPECT_EQ(candidates.position_at(sum), i);
    sum += candidates.mass(i);
    EXPECT_EQ(candidates.position_at(sum - 1), i);
  }
  EXPECT_EQ(sum, candidates.total());
}

}  // namespace
}  // namespace rocmforge::sample
