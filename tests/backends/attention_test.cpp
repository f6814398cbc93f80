// Rotary positions, the paged cache and attention over it, on every backend.
#include <limits>

#include <gtest/gtest.h>

#include "backends/backends.h"
#include "backends/steps.h"
#include "base/float_formats.h"

namespace rocmforge {
namespace {

using namespace testing;
using quant::FormatId;

class AttentionOps : public OpTest {};
ROCMFORGE_ON_EVERY_BACKEND(AttentionOps);

constexpr FormatId kCacheFormats[] = {FormatId::kF32, FormatId::kF16, FormatId::kBF16, FormatId::kQ8_0,
                                      FormatId::kQ4_0};
constexpr int kBlockTokens = 24;  // no power of two, and no divisor of a cut

struct Layer {
  int heads;
  int kv_heads;
  int key_size;
  int value_size;
  FormatId key_format = FormatId::kF32;
  FormatId value_format = FormatId::kF32;
  bool values_in_keys = false;
};

// A layer's cache on a backend, and its view.
class Cache {
 public:
  Cache(ops::Backend& backend, const Layer& layer) : layer_(layer) {
    view_.key_format = &quant::format_of(layer.key_format);
    view_.value_format = &quant::format_of(layer.value_format);
    view_.group = 1;
    view_.block_tokens = kBlockTokens;
    view_.kv_heads = layer.kv_heads;
    view_.key_size = layer.key_size;
    view_.value_size = layer.value_size;
    const std::int64_t rows = static_cast<std::int64_t>(TestStep::kBlocks) * kBlockTokens * layer.kv_heads;
    keys_ = backend.allocate(static_cast<std::size_t>(rows * view_.key_row_bytes()));
    view_.keys = keys_->data();
    if (!layer.values_in_keys) {
      const auto row = ops::PagedKvView::bytes_of_row(*view_.value_format, layer.value_size);
      values_ = backend.allocate(static_cast<std::size_t>(rows * row));
      view_.values = values_->data();
    }
  }

  const ops::PagedKvView& view() const { return view_; }
  static std::vector<std::byte> bytes_of(ops::Backend& backend, const ops::Buffer& buffer) {
    std::vector<std::byte> bytes(buffer.size());
    backend.read(bytes, buffer.data());
    return bytes;
  }
  const ops::Buffer& keys() const { return *keys_; }
  const ops::Buffer* values() const { return values_.get(); }

 private:
  Layer layer_;
  ops::PagedKvView view_;
  std::unique_ptr<ops::Buffer> keys_;
  std::unique_ptr<ops::Buffer> values_;
};

ops::Attention attention_of(const Layer& layer) {
  ops::Attention attention;
  attention.heads = layer.heads;
  attention.kv_heads = layer.kv_heads;
  attention.key_size = layer.key_size;
  attention.value_size = layer.value_size;
  attention.scale = 1 / std::sqrt(static_cast<float>(layer.key_size));
  return attention;
}

// Rows of a sequence, by its number and position: the same values however the rows are put into steps.
Numbers rows_of(const ops::Step& step, std::int64_t columns, std::uint32_t kind) {
  Numbers all;
  for (std::size_t r = 0; r < step.positions.size(); ++r) {
    const auto slot = static_cast<std::uint32_t>(step.sequences[static_cast<std::size_t>(step.sequence[r])].state_slot);
    const Numbers row = normal(kind * 100000 + slot * 10000 + static_cast<std::uint32_t>(step.positions[r]), columns);
    all.insert(all.end(), row.begin(), row.end());
  }
  return all;
}

// Stores a step's keys and values as they are, and attends.
Numbers append_and_attend(ops::Backend& backend, const Layer& layer, const ops::Attention& attention,
                          const Cache& cache, const TestStep& plan, bool attends = true) {
  const ops::Step step = plan.step();
  const std::int64_t value_columns = layer.values_in_keys ? 0 : layer.kv_heads * layer.value_size;
  const Rows q(backend, plan.rows(), layer.heads * layer.key_size, rows_of(step, layer.heads * layer.key_size, 1));
  const Rows k(backend, plan.rows(), layer.kv_heads * layer.key_size,
               rows_of(step, layer.kv_heads * layer.key_size, 2));
  const Rows v(backend, plan.rows(), value_columns, rows_of(step, value_columns, 3));
  const Rows out(backend, plan.rows(), layer.heads * layer.value_size);
  backend.begin_step(step);
  backend.rope_append(step, attention, {}, q.tensor(), k.tensor(), v.tensor(), cache.view());
  if (attends) backend.paged_attention(step, attention, q.tensor(), cache.view(), out.tensor());
  backend.end_step();
  return out.values();
}

// What float may do to softmax and sums: a logit's rounding, of about `logit`, is a relative error of its weight; sums
// of `key_size` products and of weights come with their own.
double attention_tolerance(const Layer& layer, double logit) {
  const double rounding = 0x1p-24;
  const double of_logit = rounding * (layer.key_size / 4.0 + 16) * logit;
  return 2 * of_logit + 24 * rounding;
}

// Both store into their own caches, which must be alike first; then both attend over the reference's.
void compare_attention(ops::Backend& backend, ops::Backend& ref, const Layer& layer, const ops::Attention& attention,
                       const std::string& what) {
  const Cache cache(backend, layer);
  const Cache expected_cache(ref, layer);
  // Prefills of several sizes, then everything at once: a long sequence, one that begins, single tokens.
  const TestStep before[] = {TestStep({{0, 150, 0, 0}, {0, 40, 1, 1}}), TestStep({{150, 150, 0, 0}, {0, 1, 2, 2}}),
                             TestStep({{300, 250, 0, 0}})};
  for (const TestStep& plan : before) append_and_attend(ref, layer, attention, expected_cache, plan, false);
  const TestStep last({{550, 1, 0, 0}, {40, 7, 1, 1}, {1, 1, 2, 2}, {0, 35, 3, 3}});
  const Numbers expected = append_and_attend(ref, layer, attention, expected_cache, last);
  backend.write(cache.keys().data(), Cache::bytes_of(ref, expected_cache.keys()));
  if (cache.values() != nullptr) {
    backend.write(cache.values()->data(), Cache::bytes_of(ref, *expected_cache.values()));
  }
  const Numbers found = append_and_attend(backend, layer, attention, cache, last);
  const double tolerance = attention_tolerance(layer, attention.scale * static_cast<float>(layer.key_size));
  constexpr double kGreatestValue = 5;  // of some thousand normal numbers
  expect_near(found, expected, [&](std::size_t) { return tolerance * kGreatestValue; }, what);
}

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

// ---- Chunks, batches, threads ----

Numbers in_chunks(ops::Backend& backend, const Layer& layer, const ops::Attention& attention,
                  const std::vector<std::int32_t>& chunks, bool with_another) {
  const Cache cache(backend, layer);
  Numbers all;
  std::int32_t position = 0;
  for (const std::int32_t rows : chunks) {
    std::vector<SequencePlan> plans;
    if (with_another) plans.push_back({position, 5, 1, 1});
    plans.push_back({position, rows, 0, 0});
    const Numbers out = append_and_attend(backend, layer, attention, cache, TestStep(plans));
    all.insert(all.end(), out.end() - rows * layer.heads * layer.value_size, out.end());
    position += rows;
  }
  return all;
}

// A preempted request, one in a batch or one with a cached prefix must go on exactly as it would have.
TEST_P(AttentionOps, ChunksBatchesAndThreadsDoNotChangeABit) {
  for (const Layer& layer : {Layer{4, 2, 64, 64, FormatId::kF16, FormatId::kQ8_0}, Layer{3, 3, 40, 80},
                             Layer{36, 1, 96, 64, FormatId::kQ4_0, FormatId::kQ4_0, true}}) {
    for (const int window : {0, 300}) {
      ops::Attention attention = attention_of(layer);
      attention.window = window;
      const Numbers whole = in_chunks(*backend_, layer, attention, {290, 290}, false);
      std::vector<std::int32_t> ragged = {1, 1, 30, 33, 200, 1};
      ragged.push_back(580 - 266 - 3);
      ragged.insert(ragged.end(), {1, 1, 1});
      expect_same_bits(in_chunks(*backend_, layer, attention, ragged, false), whole, "in chunks");
      expect_same_bits(in_chunks(*backend_, layer, attention, {145, 145, 145, 145}, true), whole, "in a batch");
      const auto other = cpu_maker(best_cpu_tier(), 3).make();
      const auto same_tier = GetParam().name.find(name_of(best_cpu_tier())) != std::string::npos;
      if (!same_tier) continue;
      other->reserve(kTestLimits);
      expect_same_bits(in_chunks(*other, layer, attention, {290, 290}, false), whole, "with three threads");
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
