// Tests attention to selected keys, and their selection, on every backend.
#include <gtest/gtest.h>

#include "backends/attention.h"

namespace rocmforge {
namespace {

using namespace testing;
using quant::FormatId;

class SparseAttention : public OpTest {};
ROCMFORGE_ON_EVERY_BACKEND(SparseAttention);

// ---- Attending to a selection ----

TEST_P(SparseAttention, AttendsToSelectedKeys) {
  const Layer layers[] = {{4, 2, 64, 64, FormatId::kF16, FormatId::kF16},
                          {3, 1, 72, 40, FormatId::kQ8_0, FormatId::kQ4_0},
                          {36, 1, 96, 64, FormatId::kF32, FormatId::kF32, true}};
  for (const Layer& layer : layers) {
    for (const int one_in : {1, 2, 40, 300}) {
      ops::Attention attention = attention_of(layer);
      const std::string what = "one in " + std::to_string(one_in);
      compare_attention(*backend_, *ref_, layer, attention, what, {one_in});
      attention.window = 100;
      compare_attention(*backend_, *ref_, layer, attention, what + " in a window", {one_in});
    }
  }
}

// Selecting exactly the keys of a window is equal to that window.
TEST_P(SparseAttention, ASelectionIsNoMoreThanItSays) {
  constexpr std::int32_t kRows = 290;
  constexpr std::int32_t kWindow = 37;
  const Layer layer{2, 1, 64, 64, FormatId::kF16, FormatId::kF16};
  const TestStep plan({{0, kRows, 0, 0}});
  std::vector<std::uint32_t> chosen(kRows * Choice::kWords);
  for (std::size_t i = 0; i < kRows; ++i) {
    for (std::size_t j = i >= kWindow ? i - kWindow + 1 : 0; j <= i; ++j) {
      chosen[i * Choice::kWords + j / 32] |= 1u << (j % 32);
    }
  }
  const auto run = [&](bool by_window) {
    const Cache cache(*backend_, layer);
    ops::Attention attention = attention_of(layer);
    if (by_window) attention.window = kWindow;
    const Array<std::uint32_t> bits(*backend_, chosen);
    const ops::KeySelection selection{by_window ? nullptr : bits.data(), Choice::kWords};
    const Rows q(*backend_, kRows, 128, rows_of(plan.step(), 128, 1)),
        k(*backend_, kRows, 64, rows_of(plan.step(), 64, 2));
    const Rows v(*backend_, kRows, 64, rows_of(plan.step(), 64, 3)), out(*backend_, kRows, 128);
    backend_->rope_append(plan.step(), attention, {}, q.tensor(), k.tensor(), v.tensor(), cache.view());
    backend_->paged_attention(plan.step(), attention, q.tensor(), cache.view(), selection, out.tensor());
    return out.values();
  };
  expect_same_bits(run(false), run(true), "window");
}

// The result is zeros, not the previous content; also with a sink, which has no value.
TEST_P(SparseAttention, ARowThatSeesNothingGivesZeros) {
  const Layer layer{2, 1, 64, 64, FormatId::kF16, FormatId::kF16};
  const TestStep plan({{0, 300, 0, 0}});
  for (ops::Backend* backend : both()) {
    const Array<float> sinks(*backend, {1.0f, -30.0f});
    const Array<std::uint32_t> none(*backend, std::vector<std::uint32_t>(300 * Choice::kWords));
    for (const bool has_sinks : {false, true}) {
      const Cache cache(*backend, layer);
      ops::Attention attention = attention_of(layer);
      if (has_sinks) attention.sinks = sinks.data();
      append_and_attend(*backend, layer, attention, cache,
                        plan);  // leaves its results in the working memory of every thread
      const Rows q(*backend, 300, 128), out(*backend, 300, 128);
      backend->paged_attention(plan.step(), attention, q.tensor(), cache.view(), {none.data(), Choice::kWords},
                               out.tensor());
      expect_same_bits(out.values(), Numbers(300 * 128, 0.0f), std::string(backend->name()));
    }
  }
}

// ---- Selection ----

struct Indexer {
  int heads;
  int size;
  FormatId format = FormatId::kF16;
};

// Returns integers, whose scores are exact and often equal, or arbitrary numbers.
Numbers values_for(const ops::Step& step, std::int64_t columns, std::uint32_t kind, bool are_whole) {
  Numbers values = rows_of(step, columns, kind);
  if (are_whole) {
    for (float& value : values) value = std::clamp(std::round(value), -2.0f, 2.0f);
  }
  return values;
}

using Bits = std::vector<std::uint32_t>;

// Returns the selection of the last step, after the sequences' keys were stored.
Bits select(ops::Backend& backend, const Indexer& indexer, int most, const std::vector<TestStep>& steps,
            bool are_whole) {
  const Layer layer{1, 1, indexer.size, indexer.size, indexer.format, indexer.format};
  const Cache cache(backend, layer);
  const ops::Attention attention = attention_of(layer);
  for (const TestStep& plan : steps) {
    const Rows q(backend, plan.rows(), indexer.size), v(backend, plan.rows(), indexer.size);
    const Rows k(backend, plan.rows(), indexer.size, values_for(plan.step(), indexer.size, 2, are_whole));
    backend.rope_append(plan.step(), attention, {}, q.tensor(), k.tensor(), v.tensor(), cache.view());
  }
  const ops::Step step = steps.back().step();
  const int stride = indexer.size + 3;
  const Rows q(backend, step.rows(), indexer.heads * stride, values_for(step, indexer.heads * stride, 4, are_whole));
  const Rows weights(backend, step.rows(), indexer.heads, values_for(step, indexer.heads, 5, are_whole));
  const Array<std::uint32_t> bits(backend, Bits(static_cast<std::size_t>(step.rows() * Choice::kWords), 0xdeadbeef));
  backend.select_keys(step, most, {q.tensor(), indexer.heads, indexer.size, stride, 2}, weights.tensor(), cache.view(),
                      {bits.data(), Choice::kWords});
  return bits.values();
}

const std::vector<TestStep>& sequences() {
  static const std::vector<TestStep> steps = {TestStep({{0, 250, 0, 0}, {0, 40, 1, 1}}), TestStep({{250, 295, 0, 0}}),
                                              TestStep({{545, 6, 0, 0}, {40, 3, 1, 1}, {0, 2, 2, 2}})};
  return steps;
}

// Bits are compared, so there must be no near ties: integers are exact, and no two scores of the other numbers are
// equal within their rounding.
TEST_P(SparseAttention, SelectsLikeTheReference) {
  for (const Indexer& indexer : {Indexer{1, 16}, Indexer{3, 20}, Indexer{40, 48}, Indexer{64, 128}}) {
    for (const int most : {0, 1, 7, 32, 300, 551, 2000}) {
      for (const bool are_whole : {true, false}) {
        const std::string what = std::to_string(indexer.heads) + " heads, " + std::to_string(most) + " keys";
        EXPECT_EQ(select(*backend_, indexer, most, sequences(), are_whole),
                  select(*ref_, indexer, most, sequences(), are_whole))
            << what;
      }
    }
  }
  for (const FormatId format : kCacheFormats) {
    const Indexer indexer{5, 72, format};
    EXPECT_EQ(select(*backend_, indexer, 20, sequences(), false), select(*ref_, indexer, 20, sequences(), false))
        << quant::format_of(format).name;
  }
}

// One row at the end of the long sequence, which is divided among threads differently.
TEST_P(SparseAttention, ARowAloneSelectsTheSame) {
  const Indexer indexer{8, 64};
  const Bits together = select(*backend_, indexer, 50, sequences(), false);
  std::vector<TestStep> steps = sequences();
  steps.back() = TestStep({{545, 1, 0, 0}});
  const Bits alone = select(*backend_, indexer, 50, steps, false);
  EXPECT_EQ(alone, Bits(together.begin(), together.begin() + Choice::kWords));
}

// Scores known by hand: 1 head, weight 1, query 1, so the keys are the scores. Scores below zero count as zero, and of
// equal ones the earlier are selected.
TEST_P(SparseAttention, EqualScoresInTheirOrder) {
  const Layer layer{1, 1, 1, 1};
  const TestStep plan({{0, 8, 0, 0}});
  const Numbers keys = {1, -3, 5, -1, 5, 2, -9, 5};
  for (ops::Backend* backend : both()) {
    const Cache cache(*backend, layer);
    const Rows q(*backend, 8, 1, Numbers(8, 1.0f)), k(*backend, 8, 1, keys), v(*backend, 8, 1);
    const Rows weights(*backend, 8, 1, {1, 1, 1, 1, -1, 1, 1, 1});
    const Array<std::uint32_t> bits(*backend, Bits(8, ~0u));
    backend->rope_append(plan.step(), attention_of(layer), {}, q.tensor(), k.tensor(), v.tensor(), cache.view());
    backend->select_keys(plan.step(), 2, {q.tensor(), 1, 1, 1, 0}, weights.tensor(), cache.view(), {bits.data(), 1});
    EXPECT_EQ(bits.values(), (Bits{0b1, 0b11, 0b101, 0b101, 0b1010, 0b10100, 0b10100, 0b10100})) << backend->name();
  }
}

}  // namespace
}  // namespace rocmforge
