// Tests the log probabilities that a client receives.
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "sample/chains.h"
#include "sample/reference.h"

namespace rocmforge::sample {
namespace {

TEST(Logprob, IsThatOfTheSoftmax) {
  for (const int vocabulary : {1, 63, 64, 1000, 5001}) {
    const auto logits = random_logits(vocabulary, 3);
    const auto all = reference::sorted(logits);
    const auto probabilities = reference::softmax(all);
    std::vector<LikelyToken> likeliest;
    for (std::size_t i = 0; i < all.size(); i += 1 + all.size() / 50) {
      const float logprob = logprob_of(logits, all[i].token, 20, likeliest);
      // The sum's exponentials are accurate to 2^-22; the result is a float.
      const double exact = std::log(probabilities[i]);
      EXPECT_NEAR(static_cast<double>(logprob), exact, 0x1p-22 + std::abs(exact) * 0x1p-24);
    }
    ASSERT_EQ(likeliest.size(), std::min<std::size_t>(20, all.size()));
    for (std::size_t i = 0; i < likeliest.size(); ++i) {
      EXPECT_EQ(likeliest[i].token, all[i].token);
      std::vector<LikelyToken> none;
      EXPECT_EQ(likeliest[i].logprob, logprob_of(logits, all[i].token, 0, none));
    }
  }
}

TEST(Logprob, OfEqualTokensTheFirstComeFirst) {
  std::vector<float> logits(500, 1.0f);
  logits[400] = logits[300] = 2;
  std::vector<LikelyToken> likeliest(3);
  logprob_of(logits, 0, 4, likeliest);
  ASSERT_EQ(likeliest.size(), 4u);
  const TokenId expected[] = {300, 400, 0, 1};
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(likeliest[i].token, expected[i]);
}

TEST(Logprob, GivesAsManyAsThereAre) {
  std::vector<LikelyToken> likeliest(3);
  const std::vector<float> logits = {1, -kInfinity, kNan, 1};
  EXPECT_FLOAT_EQ(logprob_of(logits, 3, 10, likeliest), std::log(0.5f));
  ASSERT_EQ(likeliest.size(), 2u);  // impossible tokens are not among the likeliest
  EXPECT_EQ(likeliest[1].token, 3);
  logprob_of(logits, 3, 0, likeliest);
  EXPECT_TRUE(likeliest.empty());
  EXPECT_EQ(logprob_of(logits, 1, 0, likeliest), -kInfinity);
}

TEST(Logprob, BearsOddLogits) {
  std::vector<LikelyToken> likeliest;
  EXPECT_EQ(logprob_of(std::vector<float>(3, kNan), 0, 5, likeliest), -kInfinity);
  EXPECT_TRUE(likeliest.empty());
  EXPECT_FLOAT_EQ(logprob_of(std::vector<float>{kInfinity, 3, kInfinity}, 2, 5, likeliest), std::log(0.5f));
  EXPECT_EQ(likeliest.size(), 3u);
  EXPECT_LT(likeliest[2].logprob, -1e38f);
}

}  // namespace
}  // namespace rocmforge::sample
