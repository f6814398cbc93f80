// A row's result has the same bits whatever else is in the step, on any number of threads; and where products are of
// integers, on every instruction set.
#include <gtest/gtest.h>

#include "backends/backends.h"

namespace rocmforge {
namespace {

using namespace testing;

class Invariance : public ::testing::TestWithParam<CpuTier> {};
INSTANTIATE_TEST_SUITE_P(On, Invariance, ::testing::ValuesIn(cpu_tiers_here()),
                         [](const auto& tier) { return std::string(name_of(tier.param)); });

constexpr std::int64_t kTokens = 64;
constexpr std::int64_t kWidth = 83;  // a whole tile and a part of one

std::int64_t columns_for(const quant::Format& format) { return format.block_values == 1 ? 1061 : 1280; }

// The first `tokens` of x, and what gate_up makes of the result's neighbourhood.
Numbers products(ops::Backend& backend, const Matrices& weights, const Numbers& x, std::int64_t first,
                 std::int64_t tokens) {
  const auto begin = x.begin() + first * weights.columns();
  const Rows input(backend, tokens, weights.columns(), Numbers(begin, begin + tokens * weights.columns()));
  const Rows out(backend, tokens, weights.rows());
  backend.linear(input.tensor(), {weights.bind(backend), nullptr}, out.tensor());
  return out.values();
}

TEST_P(Invariance, ProductsOfTokensTogetherAndAlone) {
  const auto one_thread = cpu_maker(GetParam(), 1).make();
  const auto two_threads = cpu_maker(GetParam(), 2).make();
  one_thread->reserve(kTestLimits);
  two_threads->reserve(kTestLimits);
  for (const quant::Format* format : weight_formats()) {
    const Matrices weights(*format, kWidth, columns_for(*format), 1, 1);
    const Numbers x = normal(2, kTokens * weights.columns());
    const Numbers together = products(*one_thread, weights, x, 0, kTokens);
    for (const std::int64_t tokens : {1, 2, 3, 8, 17, 64}) {
      const Numbers expected(together.begin(), together.begin() + tokens * kWidth);
      const std::string what = std::string(format->name) + " of " + std::to_string(tokens);
      expect_same_bits(products(*one_thread, weights, x, 0, tokens), expected, what);
      expect_same_bits(products(*two_threads, weights, x, 0, tokens), expected, what + " on two threads");
    }
    // The last of three tokens, of two, and alone.
    const Numbers expected(together.end() - kWidth, together.end());
    for (const std::int64_t tokens : {1, 2, 3}) {
      const Numbers found = products(*one_thread, weights, x, kTokens - tokens, tokens);
      expect_same_bits(Numbers(found.end() - kWidth, found.end()), expected, std::string(format->name) + " the last");
    }
  }
}

// Where a row of weights lies in its tile must not matter: Q, K and V of a model may be one tensor in another.
TEST_P(Invariance, ARowOfWeightsAlone) {
  const auto backend = cpu_maker(GetParam(), 1).make();
  backend->reserve(kTestLimits);
  for (const quant::Format* format : weight_formats()) {
    const Matrices all(*format, kWidth, columns_for(*format), 1, 3);
    for (const std::int64_t tokens : {1, 5}) {
      const Numbers x = normal(4, tokens * all.columns());
      const Numbers expected = products(*backend, all, x, 0, tokens);
      for (const std::int64_t row : {0, 15, 16, 63, 64, 82}) {
        const Matrices one(*format, 1, columns_for(*format), 1, 3 + static_cast<std::uint32_t>(row));
        const Numbers found = products(*backend, one, x, 0, tokens);
        for (std::int64_t t = 0; t < tokens; ++t) {
          EXPECT_EQ(found[static_cast<std::size_t>(t)], expected[static_cast<std::size_t>(t * kWidth + row)])
              << format->name << " row " << row;
        }
      }
    }
  }
}

// The kernels of every instruction set, and those still to come, can be held against each other without a tolerance.
TEST(IntegerProducts, HaveTheSameBitsOnEveryInstructionSet) {
  using enum quant::FormatId;
  const auto scalar = cpu_maker(CpuTier::kScalar, 1).make();
  scalar->reserve(kTestLimits);
  for (const auto id : {kQ4_0, kQ4_1, kQ5_0, kQ5_1, kQ8_0, kQ4_K, kQ5_K, kQ6_K, kIQ4_NL, kIQ4_XS, kMXFP4}) {
    const Matrices weights(quant::format_of(id), kWidth, 1280, 1, 5);
    const Numbers x = normal(6, 9 * 1280);
    const Numbers expected = products(*scalar, weights, x, 0, 9);
    for (const CpuTier tier : cpu_tiers_here()) {
      const auto backend = cpu_maker(tier, 1).make();
      backend->reserve(kTestLimits);
      for (const std::int64_t tokens : {1, 2, 9}) {
        expect_same_bits(products(*backend, weights, x, 0, tokens),
                         Numbers(expected.begin(), expected.begin() + tokens * kWidth),
                         std::string(weights.format().name) + " " + std::string(name_of(tier)));
      }
    }
  }
}

}  // namespace
}  // namespace rocmforge
