// Tests attention over the paged cache on every backend.
#include <gtest/gtest.h>

#include "backends/attention.h"

namespace rocmforge {
namespace {

using namespace testing;
using quant::FormatId;

class AttentionOps : public OpTest {};
ROCMFORGE_ON_EVERY_BACKEND(AttentionOps);

std::string described(const Layer& layer) {
  return std::to_string(layer.heads) + "/" + std::to_string(layer.kv_heads) + " heads, " +
         std::to_string(layer.key_size) + "/" + std::to_string(layer.value_size) + ", " +
         std::string(quant::format_of(layer.key_format).name);
}

TEST_P(AttentionOps, HeadSizesAndSharing) {
  const Layer layers[] = {{1, 1, 40, 40},   {4, 2, 64, 64},  {3, 1, 80, 80}, {5, 5, 96, 96},
                          {8, 2, 128, 128}, {2, 1, 256, 64}, {40, 1, 48, 32}};
  for (const Layer& layer : layers) {
    compare_attention(*backend_, *ref_, layer, attention_of(layer), described(layer));
  }
}

TEST_P(AttentionOps, EveryCacheFormat) {
  for (const FormatId keys : kCacheFormats) {
    for (const FormatId values : kCacheFormats) {
      ASSERT_TRUE(backend_->can_cache(quant::format_of(keys)));
      const Layer layer{2, 1, 72, 40, keys, values};
      compare_attention(*backend_, *ref_, layer, attention_of(layer), described(layer));
    }
  }
  EXPECT_FALSE(backend_->can_cache(quant::format_of(FormatId::kI8)));
}

// Latent attention has one key head for all query heads, and the first part of the key is the value.
TEST_P(AttentionOps, ValuesThatAreTheFirstPartOfTheKeys) {
  for (const FormatId format : {FormatId::kF16, FormatId::kQ8_0}) {
    const Layer layer{3, 1, 576, 512, format, format, true};
    compare_attention(*backend_, *ref_, layer, attention_of(layer), described(layer));
  }
}

TEST_P(AttentionOps, WindowsCapsSinksAndBothDirections) {
  const Layer layer{4, 2, 64, 64, FormatId::kF16, FormatId::kF16};
  const Numbers sink_values = {3.0f, -1.0f, 20.0f, 0.0f};
  for (const int window : {0, 1, 30, 256, 400}) {
    for (const bool is_causal : {true, false}) {
      for (const float cap : {0.0f, 2.0f}) {
        ops::Attention attention = attention_of(layer);
        attention.window = window;
        attention.is_causal = is_causal;
        attention.soft_cap = cap;
        const std::string what =
            "window " + std::to_string(window) + (is_causal ? " causal" : " both") + (cap > 0 ? " capped" : "");
        compare_attention(*backend_, *ref_, layer, attention, what);
        const Array<float> sinks(*backend_, sink_values);  // in host memory, for both
        attention.sinks = sinks.data();
        compare_attention(*backend_, *ref_, layer, attention, what + " with sinks");
      }
    }
  }
}

// With logits of several hundred, exponentials must be taken of differences.
TEST_P(AttentionOps, LargeLogits) {
  const Layer layer{2, 1, 64, 64};
  ops::Attention attention = attention_of(layer);
  attention.scale = 8;
  compare_attention(*backend_, *ref_, layer, attention, "large logits");
}

// ---- Cross attention ----

// Each sequence sees exactly the rows of its own source, wherever they are stored, and nothing behind them. Queries of
// zeros give the mean of the values, which are their positions.
TEST_P(AttentionOps, SourcesAreSeenWhole) {
  constexpr int kStored = 300;  // several chunks and blocks
  const Layer layer{4, 2, 64, 1};
  ops::Attention attention = attention_of(layer);
  attention.is_causal = false;
  attention.is_cross_attention = true;
  const TestStep storing({{0, kStored, 0, 0}, {0, kStored, 1, 1}, {0, kStored, 2, 2}});
  const TestStep asking({{0, 1, 0, 0, 7}, {40, 20, 1, 1, kStored}, {290, 3, 2, 2, 1}});
  Numbers positions;
  for (const std::int32_t position : storing.step().positions) {
    positions.insert(positions.end(), 2, static_cast<float>(position));
  }
  for (ops::Backend* backend : both()) {
    const Cache cache(*backend, layer);
    const Rows no_query(*backend, storing.rows(), 0), k(*backend, storing.rows(), 128, normal(7, storing.rows() * 128)),
        v(*backend, storing.rows(), 2, positions);
    backend->begin_step(storing.step());
    backend->rope_append(storing.step(), attention, {}, no_query.tensor(), k.tensor(), v.tensor(), cache.view());
    backend->end_step();
    const Rows q(*backend, asking.rows(), 256, Numbers(static_cast<std::size_t>(asking.rows()) * 256, 0.0f)),
        out(*backend, asking.rows(), 4);
    backend->begin_step(asking.step());
    backend->paged_attention(asking.step(), attention, q.tensor(), cache.view(), {}, out.tensor());
    backend->end_step();
    Numbers expected;
    for (const ops::SequenceRows& rows : asking.step().sequences) {
      expected.insert(expected.end(), static_cast<std::size_t>(rows.rows) * 4,
                      static_cast<float>(rows.source_length - 1) / 2);
    }
    expect_near(out.values(), expected, [](std::size_t) { return 1e-4; }, std::string(backend->name()));
  }
}

// ---- Windows and distances ----

TEST_P(AttentionOps, EveryKindOfWindow) {
  using enum ops::WindowKind;
  const Layer layer{4, 2, 64, 64, FormatId::kF16, FormatId::kF16};
  for (const auto kind : {kSliding, kChunked, kCentred}) {
    for (const int window : {1, 2, 31, 256, 300}) {
      for (const bool is_causal : {true, false}) {
        ops::Attention attention = attention_of(layer);
        attention.window = window;
        attention.window_kind = kind;
        attention.is_causal = is_causal;
        compare_attention(*backend_, *ref_, layer, attention,
                          "kind " + std::to_string(static_cast<int>(kind)) + " of " + std::to_string(window));
      }
    }
  }
}

TEST_P(AttentionOps, DistancesInLogits) {
  const Layer layer{6, 3, 40, 40, FormatId::kF32, FormatId::kF32};
  const Array<float> slopes(*backend_, {0.5f, 0.25f, 0.125f, 0.01f, 0.0f, -0.01f});  // in host memory, for both
  for (const int reach : {0, 3, 700}) {
    const Array<float> biases(*backend_, normal(30, 6 * (2 * reach + 1)));
    for (const bool is_causal : {true, false}) {
      ops::Attention attention = attention_of(layer);
      attention.is_causal = is_causal;
      attention.soft_cap = 5;
      attention.slopes = slopes.data();
      compare_attention(*backend_, *ref_, layer, attention, "slopes");
      attention.distance_bias = biases.data();
      attention.distance_reach = reach;
      compare_attention(*backend_, *ref_, layer, attention, "both");
      attention.slopes = nullptr;
      compare_attention(*backend_, *ref_, layer, attention, "biases of reach " + std::to_string(reach));
    }
  }
}

// Queries are zeros, so that only windows and distances decide, and values are their positions. The result is thus
// known without any backend.
TEST_P(AttentionOps, WindowsAndDistancesAreWhatTheySay) {
  constexpr int kRows = 40;
  constexpr int kWindow = 12;
  constexpr float kSlope = 0.1f;
  const Layer layer{1, 1, 16, 1};
  const TestStep plan({{0, kRows, 0, 0}});
  const Numbers biases = {0.5f, -1.0f, 2.0f, 0.0f, 0.75f};  // of distances -2 to 2
  for (const auto kind : {ops::WindowKind::kSliding, ops::WindowKind::kChunked, ops::WindowKind::kCentred}) {
    for (const bool is_causal : {true, false}) {
      Numbers expected;
      for (int i = 0; i < kRows; ++i) {
        double sum = 0, total = 0;
        for (int j = 0; j < (is_causal ? i + 1 : kRows); ++j) {
          const bool is_visible = kind == ops::WindowKind::kSliding   ? j > i - kWindow
                                  : kind == ops::WindowKind::kChunked ? j / kWindow >= i / kWindow
                                                                      : j - i <= kWindow / 2 && i - j <= kWindow / 2;
          if (!is_visible) continue;
          const double bias = *(biases.begin() + 2 + std::clamp(j - i, -2, 2));
          const double weight = std::exp(bias - static_cast<double>(kSlope) * std::abs(i - j));
          total += weight;
          sum += weight * j;
        }
        expected.push_back(static_cast<float>(sum / total));
      }
      for (ops::Backend* backend : both()) {
        const Cache cache(*backend, layer);
        Numbers positions(kRows);
        std::iota(positions.begin(), positions.end(), 0.0f);
        const Rows q(*backend, kRows, 16, Numbers(kRows * 16, 0.0f)), k(*backend, kRows, 16),
            v(*backend, kRows, 1, positions);
        const Rows out(*backend, kRows, 1);
        const Array<float> slopes(*backend, {kSlope}), on_backend(*backend, biases);
        ops::Attention attention = attention_of(layer);
        attention.window = kWindow;
        attention.window_kind = kind;
        attention.is_causal = is_causal;
        attention.slopes = slopes.data();
        attention.distance_bias = on_backend.data();
        attention.distance_reach = 2;
        backend->rope_append(plan.step(), attention, {}, q.tensor(), k.tensor(), v.tensor(), cache.view());
        backend->paged_attention(plan.step(), attention, q.tensor(), cache.view(), {}, out.tensor());
        expect_relative(out.values(), expected, 1e-5, 1e-5, std::string(backend->name()));
      }
    }
  }
}

// ---- Chunks, batches, threads ----

Numbers in_chunks(ops::Backend& backend, const Layer& layer, const ops::Attention& attention, const Choice& choice,
                  const std::vector<std::int32_t>& chunks, bool with_another) {
  const Cache cache(backend, layer);
  Numbers all;
  std::int32_t position = 0;
  for (const std::int32_t rows : chunks) {
    std::vector<SequencePlan> plans;
    if (with_another) plans.push_back({position, 5, 1, 1});
    plans.push_back({position, rows, 0, 0});
    const Numbers out = append_and_attend(backend, layer, attention, cache, TestStep(plans), true, choice);
    all.insert(all.end(), out.end() - rows * layer.heads * layer.value_size, out.end());
    position += rows;
  }
  return all;
}

// A preempted request, one in a batch, and one with a cached prefix must continue exactly as they would alone.
TEST_P(AttentionOps, ChunksBatchesAndThreadsDoNotChangeABit) {
  const Array<float> slopes(*backend_, normal(31, 36, 0.1f)), biases(*backend_, normal(32, 36 * 41));
  for (const Layer& layer : {Layer{4, 2, 64, 64, FormatId::kF16, FormatId::kQ8_0}, Layer{3, 3, 40, 80},
                             Layer{36, 1, 96, 64, FormatId::kQ4_0, FormatId::kQ4_0, true}}) {
    ops::Attention plain = attention_of(layer);
    ops::Attention window = plain;
    window.window = 300;
    ops::Attention distances = window;
    distances.window_kind = ops::WindowKind::kChunked;
    distances.slopes = slopes.data();
    distances.distance_bias = biases.data();
    distances.distance_reach = 20;
    const std::pair<ops::Attention, Choice> cases[] = {
        {plain, {}}, {window, {}}, {distances, {}}, {plain, {3}}, {distances, {50}}};
    for (const auto& [attention, choice] : cases) {
      const Numbers whole = in_chunks(*backend_, layer, attention, choice, {290, 290}, false);
      std::vector<std::int32_t> ragged = {1, 1, 30, 33, 200, 1};
      ragged.push_back(580 - 266 - 3);
      ragged.insert(ragged.end(), {1, 1, 1});
      expect_same_bits(in_chunks(*backend_, layer, attention, choice, ragged, false), whole, "in chunks");
      expect_same_bits(in_chunks(*backend_, layer, attention, choice, {145, 145, 145, 145}, true), whole, "in a batch");
      const auto other = cpu_maker(best_cpu_tier(), 3).make();
      const auto same_tier = GetParam().name.find(name_of(best_cpu_tier())) != std::string::npos;
      if (!same_tier) continue;
      other->reserve(kTestLimits);
      expect_same_bits(in_chunks(*other, layer, attention, choice, {290, 290}, false), whole, "with three threads");
    }
  }
}

}  // namespace
}  // namespace rocmforge
