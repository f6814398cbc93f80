// Tests that a sampling step does not allocate: it would wait for the allocator, and unplanned memory could run out in
// the middle of an answer.
#include <vector>

#include <gtest/gtest.h>

#include "sample/chains.h"
#include "support/allocation_count.h"

namespace rocmforge::sample {
namespace {

TEST(Allocation, NoneAfterTheFirstDraw) {
  constexpr int kVocabulary = 5000;
  Settings everything = chain(kDefaultStages);
  everything.repeat_penalty = 1.2f;
  everything.dry_multiplier = 0.5f;
  everything.dry_breakers = {{1}, {2, 3}};
  everything.xtc_probability = 0.5f;
  everything.typical_p = 0.9f;
  everything.top_n_sigma = 3;
  everything.logit_bias = {{5, 1.0f}};
  Settings all_history = everything;
  all_history.penalty_last_n = all_history.dry_penalty_last_n = -1;
  std::vector<Settings> cases = {Settings{}, chain(kDefaultStages), chain("top_p"), everything, all_history};
  for (const int mirostat : {1, 2}) {
    cases.push_back(everything);
    cases.back().mirostat = mirostat;
  }
  cases.push_back(everything);
  cases.back().temperature = 0;
  std::vector<std::vector<float>> steps;
  for (std::uint64_t step = 0; step < 8; ++step) steps.push_back(random_logits(kVocabulary, step));
  for (std::size_t i = 0; i < cases.size(); ++i) {
    Sampler sampler(cases[i], kVocabulary);
    sampler.draw(steps[0]);
    const long before = testing::allocations;
    for (std::size_t step = 0; step < 300; ++step) {
      sampler.draw(steps[step % steps.size()]);
      sampler.remember(static_cast<TokenId>(step * 37 % kVocabulary));
    }
    EXPECT_EQ(testing::allocations, before) << "case " << i;
  }
}

TEST(Allocation, LogprobsReuseTheirList) {
  const auto logits = random_logits(5000, 1);
  std::vector<LikelyToken> likeliest;
  logprob_of(logits, 0, 20, likeliest);
  const long before = testing::allocations;
  logprob_of(logits, 1, 20, likeliest);
  EXPECT_EQ(testing::allocations, before);
}

}  // namespace
}  // namespace rocmforge::sample
