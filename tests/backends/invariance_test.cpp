// Tests that a row's result has the same bits whatever else is in the step, on any number of threads, and for integer
// products on every instruction set.
#include <gtest/gtest.h>

#include "backends/backends.h"
#include "backends/steps.h"

namespace rocmforge {
namespace {

using namespace testing;

class Invariance : public ::testing::TestWithParam<CpuTier> {};
INSTANTIATE_TEST_SUITE_P(On, Invariance, ::testing::ValuesIn(cpu_tiers_here()),
                         [](const auto& tier) { return std::string(name_of(tier.param)); });

constexpr std::int64_t kManyTokens = 64;
constexpr std::int64_t kOddWidth = 83;  // a whole tile and a part of one

std::int64_t columns_for(const quant::Format& format) { return format.block_values == 1 ? 1061 : 1280; }

// Returns the products of the first `tokens` rows of x, including gate_up.
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
    const Matrices weights(*format, kOddWidth, columns_for(*format), 1, 1);
    const Numbers x = normal(2, kManyTokens * weights.columns());
    const Numbers together = products(*one_thread, weights, x, 0, kManyTokens);
    for (const std::int64_t tokens : {1, 2, 3, 8, 17, 64}) {
      const Numbers expected(together.begin(), together.begin() + tokens * kOddWidth);
      const std::string what = std::string(format->name) + " of " + std::to_string(tokens);
      expect_same_bits(products(*one_thread, weights, x, 0, tokens), expected, what);
      expect_same_bits(products(*two_threads, weights, x, 0, tokens), expected, what + " on two threads");
    }
    // The last of three tokens, of two, and alone.
    const Numbers expected(together.end() - kOddWidth, together.end());
    for (const std::int64_t tokens : {1, 2, 3}) {
      const Numbers found = products(*one_thread, weights, x, kManyTokens - tokens, tokens);
      expect_same_bits(Numbers(found.end() - kOddWidth, found.end()), expected,
                       std::string(format->name) + " the last");
    }
  }
}

// A row's position in its tile must not matter: Q, K and V may be one tensor in another model.
TEST_P(Invariance, ARowOfWeightsAlone) {
  const auto backend = cpu_maker(GetParam(), 1).make();
  backend->reserve(kTestLimits);
  for (const quant::Format* format : weight_formats()) {
    const Matrices all(*format, kOddWidth, columns_for(*format), 1, 3);
    for (const std::int64_t tokens : {1, 5}) {
      const Numbers x = normal(4, tokens * all.columns());
      const Numbers expected = products(*backend, all, x, 0, tokens);
      for (const std::int64_t row : {0, 15, 16, 63, 64, 82}) {
        const Matrices one(*format, 1, columns_for(*format), 1, 3 + static_cast<std::uint32_t>(row));
        const Numbers found = products(*backend, one, x, 0, tokens);
        for (std::int64_t t = 0; t < tokens; ++t) {
          EXPECT_EQ(found[static_cast<std::size_t>(t)], expected[static_cast<std::size_t>(t * kOddWidth + row)])
              << format->name << " row " << row;
        }
      }
    }
  }
}

// ---- Rows ----

constexpr std::int64_t kOddColumns = 203;  // no whole vectors

// Returns the operations' inputs; row `number` is the same wherever it is placed.
Numbers row_numbers(std::uint32_t kind, std::int64_t first, std::int64_t rows, std::int64_t columns) {
  Numbers all;
  for (std::int64_t row = first; row < first + rows; ++row) {
    const Numbers own = normal(kind * 1000 + static_cast<std::uint32_t>(row), columns);
    all.insert(all.end(), own.begin(), own.end());
  }
  return all;
}

// Passes rows through all row-wise operations, one after the other.
Numbers through_rows(ops::Backend& on, std::int64_t first, std::int64_t rows) {
  const auto input = [&](std::uint32_t kind, std::int64_t columns) {
    return Rows(on, rows, columns, row_numbers(kind, first, rows, columns));
  };
  const Rows x = input(1, 4 * kOddColumns), y = input(2, 4 * kOddColumns), gate = input(3, 4 * kOddColumns);
  const Rows mixing = input(4, 16), adding = input(5, 4), out(on, rows, 4 * kOddColumns);
  const Array<float> weights(on, normal(6, 4 * kOddColumns));
  on.gate(ops::Activation::kSigmoid, gate.tensor(), x.tensor(), x.tensor());
  on.add(y.tensor(), 0.3f, x.tensor());
  on.blend(y.tensor(), gate.tensor(), x.tensor());
  on.scale_columns(weights.data(), x.tensor());
  on.interpolate(x.tensor(), y.tensor(), weights.data(), gate.tensor(), out.tensor());
  on.mix_streams(out.tensor(), mixing.tensor(), x.tensor());
  on.add_to_streams(y.tensor().slice(0, kOddColumns), adding.tensor(), x.tensor());
  on.match_length(y.tensor().slice(0, kOddColumns), kOddColumns, x.tensor());
  on.norm(x.tensor(), {ops::NormKind::kLength, weights.data(), nullptr, 1e-6f, 0, 4 * kOddColumns}, ops::Write::kSet,
          x.tensor());
  on.keep_outliers(0.1f, x.tensor());
  return x.values();
}

TEST_P(Invariance, RowsTogetherAndAlone) {
  const auto one_thread = cpu_maker(GetParam(), 1).make();
  const auto three_threads = cpu_maker(GetParam(), 3).make();
  const Numbers together = through_rows(*three_threads, 0, 50);
  EXPECT_TRUE(std::ranges::any_of(together, [](float value) { return value > 0; }));
  for (const std::int64_t row : {0, 1, 30, 49}) {
    const auto own = together.begin() + row * 4 * kOddColumns;
    expect_same_bits(through_rows(*one_thread, row, 1), Numbers(own, own + 4 * kOddColumns),
                     "row " + std::to_string(row));
  }
}

// ---- States ----

// Passes new sequences, each with the inputs of its number, through all operations with a state.
Numbers through_states(ops::Backend& on, const std::vector<std::int32_t>& numbers, std::int32_t tokens) {
  constexpr int kHeads = 6, kSize = 40;
  constexpr std::int64_t kChannels = kHeads * kSize;
  std::vector<SequencePlan> plans;
  for (const std::int32_t number : numbers) plans.push_back({0, tokens, number, number});
  const TestStep plan(plans);
  const ops::Step step = plan.step();
  const auto input = [&](std::uint32_t kind, std::int64_t columns) {
    Numbers all;
    for (const std::int32_t number : numbers) {
      const Numbers own = row_numbers(kind, 100 * number, tokens, columns);
      all.insert(all.end(), own.begin(), own.end());
    }
    return Rows(on, plan.rows(), columns, all);
  };
  const Array<float> weights(on, normal(7, 4 * kChannels)), rates(on, Numbers(kChannels * 16, -0.4f));
  const auto states = [&](std::int64_t size) { return Array<float>(on, Numbers(static_cast<std::size_t>(8 * size))); };
  const Array<float> taps = states(3 * kChannels), channels = states(16 * kChannels), shifted = states(kChannels);
  const Array<float> delta = states(kChannels * kSize), six = states(kChannels * kSize),
                     seven = states(kChannels * kSize);
  const auto view = [](const Array<float>& state, std::int64_t size) {
    return ops::StateView{nullptr, state.data(), 0, size};
  };
  const Rows x = input(11, kChannels), k = input(12, kChannels), v = input(13, kChannels), dt = input(14, kChannels);
  const Rows b = input(15, 16), c = input(16, 16), beta = input(17, kHeads), y(on, plan.rows(), kChannels),
             z(on, plan.rows(), kChannels);
  on.causal_convolution(step, {kChannels, 4, weights.data(), nullptr, false}, {taps.data(), nullptr, 3 * kChannels, 0},
                        x.tensor());
  on.shift_difference(step, {shifted.data(), nullptr, kChannels, 0}, x.tensor(), y.tensor());
  on.mamba_scan(step, {kChannels, 16, rates.data(), weights.data()}, view(channels, 16 * kChannels), y.tensor(),
                b.tensor(), c.tensor(), dt.tensor(), z.tensor());
  on.scale(0.1f, z.tensor());
  on.delta_scan(step, {kHeads, kHeads, kSize, kSize, false, true, rates.data(), weights.data()},
                view(delta, kChannels * kSize), x.tensor(), k.tensor(), z.tensor(), dt.tensor(), beta.tensor(),
                y.tensor());
  on.wkv6_scan(step, {kHeads, kSize, weights.data()}, view(six, kChannels * kSize), x.tensor(), k.tensor(), v.tensor(),
               dt.tensor(), z.tensor());
  on.add(y.tensor(), 1, z.tensor());
  const ops::Norm norm{ops::NormKind::kLayer, weights.data(), nullptr, 1e-5f, kSize, kChannels};
  on.wkv7_scan(step, {kHeads, kSize, weights.data(), weights.data(), weights.data(), norm},
               view(seven, kChannels * kSize), z.tensor(), k.tensor(), v.tensor(), dt.tensor(), x.tensor(), y.tensor());
  return y.values();
}

TEST_P(Invariance, SequencesTogetherAndAlone) {
  const auto one_thread = cpu_maker(GetParam(), 1).make();
  const auto three_threads = cpu_maker(GetParam(), 3).make();
  one_thread->reserve(kTestLimits);
  three_threads->reserve(kTestLimits);
  constexpr std::int32_t kLength = 9;
  const Numbers together = through_states(*three_threads, {3, 0, 5}, kLength);
  const auto count = static_cast<std::ptrdiff_t>(together.size() / 3);
  EXPECT_TRUE(std::ranges::all_of(together, [](float value) { return std::isfinite(value); }));
  for (const std::ptrdiff_t number : {0, 1, 2}) {
    const auto own = together.begin() + number * count;
    const std::int32_t sequences[] = {3, 0, 5};
    expect_same_bits(through_states(*one_thread, {sequences[number]}, kLength), Numbers(own, own + count), "sequence");
  }
}

// ---- Instruction sets ----

// The kernels of all instruction sets, including future ones, can be compared without a tolerance.
TEST(IntegerProducts, HaveTheSameBitsOnEveryInstructionSet) {
  using enum quant::FormatId;
  const auto scalar = cpu_maker(CpuTier::kScalar, 1).make();
  scalar->reserve(kTestLimits);
  for (const auto id : {kQ4_0, kQ4_1, kQ5_0, kQ5_1, kQ8_0, kQ4_K, kQ5_K, kQ6_K, kIQ4_NL, kIQ4_XS, kMXFP4}) {
    const Matrices weights(quant::format_of(id), kOddWidth, 1280, 1, 5);
    const Numbers x = normal(6, 9 * 1280);
    const Numbers expected = products(*scalar, weights, x, 0, 9);
    for (const CpuTier tier : cpu_tiers_here()) {
      const auto backend = cpu_maker(tier, 1).make();
      backend->reserve(kTestLimits);
      for (const std::int64_t tokens : {1, 2, 9}) {
        expect_same_bits(products(*backend, weights, x, 0, tokens),
                         Numbers(expected.begin(), expected.begin() + tokens * kOddWidth),
                         std::string(weights.format().name) + " " + std::string(name_of(tier)));
      }
    }
  }
}

}  // namespace
}  // namespace rocmforge
