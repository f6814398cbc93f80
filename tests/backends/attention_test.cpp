// Rotary positions, the paged cache and attention over it, on every backend.
#include <limits>

#include <gtest/gtest.h>

#include "backends/attention.h"
#include "base/float_formats.h"

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

// Latent attention: one key head for all, whose first part is the value.
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

// Logits of some hundreds: the exponentials must be taken of differences.
TEST_P(AttentionOps, LargeLogits) {
  const Layer layer{2, 1, 64, 64};
  ops::Attention attention = attention_of(layer);
  attention.scale = 8;
  compare_attention(*backend_, *ref_, layer, attention, "large logits");
}

// ---- What an encoder made ----

// Each sequence sees as much of its own source as there is, wherever its rows are, and nothing of what is stored behind
// that: queries of zeros give the mean of the values, which are their positions.
TEST_P(AttentionOps, SourcesAreSeenWhole) {
  constexpr int kStored = 300;  // several cuts, and blocks
  const Layer layer{4, 2, 64, 1};
  ops::Attention attention = attention_of(layer);
  attention.is_causal = false;
  attention.reads_source = true;
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

// Queries of zeros, so that windows and distances alone decide, and values that are their positions: the result is
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

// A preempted request, one in a batch or one with a cached prefix must go on exactly as it would have.
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

// ---- Appending ----

struct RopeCase {
  std::string name;
  ops::RopePairing pairing;
  int pairs;
  int offset;
  float temperature;
  ops::NormKind norm;
  int norm_group;
  bool norms_after_rope = false;
  float clamp = 0;
  ops::NormKind value_norm = ops::NormKind::kNone;
  int temperature_offset = 0;
};

TEST_P(AttentionOps, RopeAndNormsOfQueriesAndKeys) {
  using enum ops::RopePairing;
  const RopeCase cases[] = {
      {"neighbours", kNeighbours, 32, 0, 0, ops::NormKind::kNone, 0},
      {"halves", kHalves, 32, 0, 0, ops::NormKind::kNone, 0},
      {"part of a head", kHalves, 10, 0, 0, ops::NormKind::kNone, 0},
      {"the last part", kNeighbours, 16, 32, 0, ops::NormKind::kNone, 0},
      {"norm of heads", kHalves, 32, 0, 0, ops::NormKind::kRms, 64},
      {"norm of rows", kHalves, 32, 0, 0.1f, ops::NormKind::kRms, 0},
      {"none", kHalves, 0, 0, 0.1f, ops::NormKind::kLayer, 64},
      {"norms after", kHalves, 32, 0, 0.1f, ops::NormKind::kRms, 64, true},
      {"lengths of rows after", kNeighbours, 16, 8, 0, ops::NormKind::kLength, 0, true},
      {"clamped", kHalves, 32, 0, 0, ops::NormKind::kRms, 64, false, 0.7f},
      {"clamped values alone", kHalves, 0, 0, 0, ops::NormKind::kNone, 0, false, 0.7f},
      {"norm of values", kHalves, 32, 0, 0, ops::NormKind::kNone, 0, true, 0.9f, ops::NormKind::kRms},
      {"temperature elsewhere", kHalves, 32, 0, 0.1f, ops::NormKind::kNone, 0, false, 0, ops::NormKind::kNone, 77},
  };
  const TestStep plan({{700, 3, 0, 0}, {0, 2, 1, 1}, {90000 % 900, 1, 2, 2}});
  const ops::Step step = plan.step();
  for (const RopeCase& each : cases) {
    const Layer layer{4, 2, 64, 64};
    const auto run = [&](ops::Backend& backend) {
      const Cache cache(backend, layer);
      Numbers frequencies;
      for (int p = 0; p < each.pairs; ++p) frequencies.push_back(std::pow(10000.0f, -static_cast<float>(p) / 32));
      frequencies.push_back(0);
      const Array<float> on_backend(backend, frequencies);
      const Rows table(backend, plan.rows(), 2 * each.pairs);
      ops::Attention attention = attention_of(layer);
      attention.pairing = each.pairing;
      attention.rope_offset = each.offset;
      attention.temperature = each.temperature;
      attention.temperature_length = 256;
      attention.temperature_offset = each.temperature_offset;
      attention.clamp = each.clamp;
      attention.norms_after_rope = each.norms_after_rope;
      attention.value_norm = {each.value_norm, nullptr, nullptr, 1e-5f, 64, 0};
      const Array<float> weights(backend, normal(20, 4 * 64));
      const int in_row = each.norm_group == 0 ? 4 * 64 : 64;
      attention.query_norm = {each.norm, weights.data(), nullptr, 1e-5f, each.norm_group, in_row};
      attention.key_norm = {each.norm, weights.data(), nullptr, 1e-5f, each.norm_group, in_row / (in_row > 64 ? 2 : 1)};
      const Rows q(backend, plan.rows(), 4 * 64, rows_of(step, 4 * 64, 1));
      const Rows k(backend, plan.rows(), 2 * 64, rows_of(step, 2 * 64, 2));
      const Rows v(backend, plan.rows(), 2 * 64, rows_of(step, 2 * 64, 3));
      if (each.pairs > 0) backend.rope_table(step, {on_backend.data(), each.pairs, 1.2f}, table.tensor());
      backend.rope_append(step, attention, each.pairs > 0 ? table.tensor() : ops::Tensor(), q.tensor(), k.tensor(),
                          v.tensor(), cache.view());
      Numbers all = q.values();
      for (const ops::Buffer* buffer : {&cache.keys(), cache.values()}) {
        const auto bytes = Cache::bytes_of(backend, *buffer);
        const auto* floats = reinterpret_cast<const float*>(bytes.data());
        all.insert(all.end(), floats, floats + bytes.size() / sizeof(float));
      }
      return all;
    };
    // Some roundings of numbers of up to 10.
    expect_relative(run(*backend_), run(*ref_), 8 * 0x1p-24, 8 * 0x1p-24 * 10, each.name);
  }
}

// A head of two values is small enough to do by hand: kept within limits, made of length 1 with weights, turned by the
// position, and then multiplied by the temperature; or turned before the norm.
TEST_P(AttentionOps, PreparesInTheStatedOrder) {
  constexpr int kPosition = 5;
  const Layer layer{1, 1, 2, 2};
  const TestStep plan({{kPosition, 1, 0, 0}});
  for (const bool norms_after_rope : {false, true}) {
    double x = 2, y = -1;  // of (3, -1), kept within 2
    const auto normalize = [&] {
      const double length = std::hypot(x, y);
      x *= 4 / length;
      y *= 0.5 / length;
    };
    if (!norms_after_rope) normalize();
    const double turned = x * std::cos(kPosition) - y * std::sin(kPosition);
    y = x * std::sin(kPosition) + y * std::cos(kPosition);
    x = turned;
    if (norms_after_rope) normalize();
    const Numbers key = {static_cast<float>(x), static_cast<float>(y)};
    const double temperature = 1 + 0.25 * std::log(3.0);  // floor((5 + 1) / 3) + 1
    const Numbers query = {static_cast<float>(x * temperature), static_cast<float>(y * temperature)};
    for (ops::Backend* backend : both()) {
      const Cache cache(*backend, layer);
      const Array<float> weights(*backend, {4.0f, 0.5f}), frequency(*backend, {1.0f});
      ops::Attention attention = attention_of(layer);
      attention.clamp = 2;
      attention.query_norm = attention.key_norm = {ops::NormKind::kLength, weights.data(), nullptr, 1e-6f, 2, 2};
      attention.value_norm = {ops::NormKind::kLength, nullptr, nullptr, 1e-6f, 0, 0};
      attention.norms_after_rope = norms_after_rope;
      attention.temperature = 0.25f;
      attention.temperature_length = 3;
      attention.temperature_offset = 1;
      const Rows q(*backend, 1, 2, {3, -1}), k(*backend, 1, 2, {3, -1}), v(*backend, 1, 2, {3, -1}),
          table(*backend, 1, 2);
      backend->rope_table(plan.step(), {frequency.data(), 1, 1}, table.tensor());
      backend->rope_append(plan.step(), attention, table.tensor(), q.tensor(), k.tensor(), v.tensor(), cache.view());
      expect_relative(q.values(), query, 1e-6, 1e-6, "query");
      const auto stored = [&](const ops::Buffer& buffer) {
        const std::int32_t block = plan.step().table(1, 0)[0];
        const auto bytes = Cache::bytes_of(*backend, buffer);
        Numbers row(2);
        std::memcpy(row.data(), bytes.data() + (block * kBlockTokens + kPosition) * 8, 8);
        return row;
      };
      expect_relative(stored(cache.keys()), key, 1e-6, 1e-6, "key");
      const float length = std::sqrt(5.0f);
      expect_relative(stored(*cache.values()), {2 / length, -1 / length}, 1e-6, 1e-6, "value");
    }
  }
}

// Layers that share another's cache bring queries alone, and must leave it as it is.
TEST_P(AttentionOps, WithoutKeysNothingIsStored) {
  const Layer layer{4, 2, 64, 64};
  const TestStep plan({{3, 2, 0, 0}, {0, 1, 1, 1}});
  const auto run = [&](ops::Backend& backend, bool has_keys) {
    const Cache cache(backend, layer);
    ops::Attention attention = attention_of(layer);
    attention.temperature = 0.5f;
    attention.query_norm = {ops::NormKind::kRms, nullptr, nullptr, 1e-5f, 64, 0};
    const Rows q(backend, plan.rows(), 4 * 64, rows_of(plan.step(), 4 * 64, 1));
    const Rows k(backend, plan.rows(), has_keys ? 2 * 64 : 0), v(backend, plan.rows(), has_keys ? 2 * 64 : 0);
    backend.rope_append(plan.step(), attention, {}, q.tensor(), k.tensor(), v.tensor(), cache.view());
    for (const ops::Buffer* buffer : {&cache.keys(), cache.values()}) {
      const auto bytes = Cache::bytes_of(backend, *buffer);
      const bool is_untouched = std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; });
      EXPECT_EQ(is_untouched, !has_keys);
    }
    return q.values();
  };
  for (ops::Backend* backend : both()) expect_same_bits(run(*backend, false), run(*backend, true), "queries");
}

// Numbers beyond a half become the greatest half: an infinity in the cache would spoil all that comes later.
TEST_P(AttentionOps, CachesSaturate) {
  const Numbers wild = {1e30f,
                        -1e30f,
                        1e6f,
                        -7e4f,
                        65504.0f,
                        std::numeric_limits<float>::infinity(),
                        1.0f,
                        -std::numeric_limits<float>::infinity(),
                        std::numeric_limits<float>::quiet_NaN()};
  constexpr int kSize = 40;
  for (const FormatId format : kCacheFormats) {
    const Layer layer{1, 1, kSize, kSize, format, format};
    const TestStep plan({{0, 1, 0, 0}});
    const auto run = [&](ops::Backend& backend) {
      const Cache cache(backend, layer);
      Numbers row(kSize, 2.0f);
      std::ranges::copy(wild, row.begin());
      const Rows q(backend, 1, kSize, row), k(backend, 1, kSize, row), v(backend, 1, kSize, row);
      backend.rope_append(plan.step(), attention_of(layer), {}, q.tensor(), k.tensor(), v.tensor(), cache.view());
      auto bytes = Cache::bytes_of(backend, cache.keys());
      const auto values = Cache::bytes_of(backend, *cache.values());
      EXPECT_EQ(bytes, values);
      return bytes;
    };
    const auto found = run(*backend_);
    EXPECT_EQ(found, run(*ref_)) << quant::format_of(format).name;
    Numbers decoded(found.size() / quant::format_of(format).block_bytes * quant::format_of(format).block_values);
    quant::decode_row(quant::format_of(format), found, decoded);
    for (const float value : decoded) ASSERT_TRUE(std::isfinite(value)) << quant::format_of(format).name;
  }
}

}  // namespace
}  // namespace rocmforge
