// Tests the preparation of attention on every backend: queries, keys and values are clamped, normalized, rotated, and
// stored in the paged cache.
#include <limits>

#include <gtest/gtest.h>

#include "backends/attention.h"
#include "base/float_formats.h"

namespace rocmforge {
namespace {

using namespace testing;
using quant::FormatId;

class AppendOps : public OpTest {};
ROCMFORGE_ON_EVERY_BACKEND(AppendOps);

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

TEST_P(AppendOps, RopeAndNormsOfQueriesAndKeys) {
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
    // A few roundings of numbers of up to 10.
    expect_relative(run(*backend_), run(*ref_), 8 * 0x1p-24, 8 * 0x1p-24 * 10, each.name);
  }
}

// A head of two values can be computed by hand: clamped, scaled to length 1 with weights, rotated by the position, and
// multiplied by the temperature; or rotated before the norm.
TEST_P(AppendOps, PreparesInTheStatedOrder) {
  constexpr int kPosition = 5;
  const Layer layer{1, 1, 2, 2};
  const TestStep plan({{kPosition, 1, 0, 0}});
  for (const bool norms_after_rope : {false, true}) {
    double x = 2, y = -1;  // (3, -1), clamped to 2
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

// Layers that share another layer's cache have only queries and must leave the cache unchanged.
TEST_P(AppendOps, WithoutKeysNothingIsStored) {
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

// Numbers beyond the range of a half become the greatest half: an infinity in the cache would spoil all later results.
TEST_P(AppendOps, CachesSaturate) {
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
