// Makes attention layers, their caches, and the steps that tests run through them.
#pragma once

#include "backends/backends.h"
#include "backends/steps.h"

namespace rocmforge::testing {

inline constexpr quant::FormatId kCacheFormats[] = {quant::FormatId::kF32, quant::FormatId::kF16,
                                                    quant::FormatId::kBF16, quant::FormatId::kQ8_0,
                                                    quant::FormatId::kQ4_0};
inline constexpr int kBlockTokens = 24;  // not a power of two, and not a divisor of a chunk

struct Layer {
  int heads;
  int kv_heads;
  int key_size;
  int value_size;
  quant::FormatId key_format = quant::FormatId::kF32;
  quant::FormatId value_format = quant::FormatId::kF32;
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

inline ops::Attention attention_of(const Layer& layer) {
  ops::Attention attention;
  attention.heads = layer.heads;
  attention.kv_heads = layer.kv_heads;
  attention.key_size = layer.key_size;
  attention.value_size = layer.value_size;
  attention.scale = 1 / std::sqrt(static_cast<float>(layer.key_size));
  return attention;
}

// Returns rows that depend only on the sequence's number and the position, however the rows are divided into steps.
inline Numbers rows_of(const ops::Step& step, std::int64_t columns, std::uint32_t kind) {
  Numbers all;
  for (std::size_t r = 0; r < step.positions.size(); ++r) {
    const auto slot = static_cast<std::uint32_t>(step.sequences[static_cast<std::size_t>(step.sequence[r])].state_slot);
    const Numbers row = normal(kind * 100000 + slot * 10000 + static_cast<std::uint32_t>(step.positions[r]), columns);
    all.insert(all.end(), row.begin(), row.end());
  }
  return all;
}

// Selects one in `one_in` positions at random, by the row's sequence and position; 0 selects all. Some rows select
// none.
struct Choice {
  int one_in = 0;

  static constexpr std::int64_t kWords = (TestStep::kTableLength * kBlockTokens + 31) / 32;

  std::vector<std::uint32_t> bits(const ops::Step& step) const {
    std::vector<std::uint32_t> all(step.positions.size() * kWords);
    for (std::size_t r = 0; r < step.positions.size() && one_in > 0; ++r) {
      const auto slot = step.sequences[static_cast<std::size_t>(step.sequence[r])].state_slot;
      std::mt19937 random(static_cast<std::uint32_t>(slot * 10000 + step.positions[r]));
      if (random() % 8 == 0) continue;
      for (std::size_t j = 0; j < kWords * 32; ++j) {
        if (random() % static_cast<std::uint32_t>(one_in) == 0) all[r * kWords + j / 32] |= 1u << (j % 32);
      }
    }
    return all;
  }
};

// Stores a step's keys and values unchanged, and computes attention.
inline Numbers append_and_attend(ops::Backend& backend, const Layer& layer, const ops::Attention& attention,
                                 const Cache& cache, const TestStep& plan, bool attends = true,
                                 const Choice& choice = {}) {
  const ops::Step step = plan.step();
  const std::int64_t value_columns = layer.values_in_keys ? 0 : layer.kv_heads * layer.value_size;
  const Rows q(backend, plan.rows(), layer.heads * layer.key_size, rows_of(step, layer.heads * layer.key_size, 1));
  const Rows k(backend, plan.rows(), layer.kv_heads * layer.key_size,
               rows_of(step, layer.kv_heads * layer.key_size, 2));
  const Rows v(backend, plan.rows(), value_columns, rows_of(step, value_columns, 3));
  const Rows out(backend, plan.rows(), layer.heads * layer.value_size);
  backend.begin_step(step);
  backend.rope_append(step, attention, {}, q.tensor(), k.tensor(), v.tensor(), cache.view());
  const Array<std::uint32_t> bits(backend, choice.bits(step));
  const ops::KeySelection selection =
      choice.one_in > 0 ? ops::KeySelection{bits.data(), Choice::kWords} : ops::KeySelection();
  if (attends) backend.paged_attention(step, attention, q.tensor(), cache.view(), selection, out.tensor());
  backend.end_step();
  return out.values();
}

// Returns the error of float arithmetic in softmax and sums: the rounding of a logit of about `logit` is a relative
// error of its weight; sums of `key_size` products and of weights add their own.
inline double attention_tolerance(const Layer& layer, double logit) {
  const double rounding = 0x1p-24;
  const double of_logit = rounding * (layer.key_size / 4.0 + 16) * logit;
  return 2 * of_logit + 24 * rounding;
}

// Both backends store into their own caches, which must then be equal; then both compute attention over the reference's
// cache.
inline void compare_attention(ops::Backend& backend, ops::Backend& ref, const Layer& layer,
                              const ops::Attention& attention, const std::string& what, const Choice& choice = {}) {
  const Cache cache(backend, layer);
  const Cache expected_cache(ref, layer);
  // Prefills of several sizes, followed by a mixed step: a long sequence, a new one, and single tokens.
  const TestStep before[] = {TestStep({{0, 150, 0, 0}, {0, 40, 1, 1}}), TestStep({{150, 150, 0, 0}, {0, 1, 2, 2}}),
                             TestStep({{300, 250, 0, 0}})};
  for (const TestStep& plan : before) append_and_attend(ref, layer, attention, expected_cache, plan, false);
  const TestStep last({{550, 1, 0, 0}, {40, 7, 1, 1}, {1, 1, 2, 2}, {0, 35, 3, 3}});
  const Numbers expected = append_and_attend(ref, layer, attention, expected_cache, last, true, choice);
  backend.write(cache.keys().data(), Cache::bytes_of(ref, expected_cache.keys()));
  if (cache.values() != nullptr) {
    backend.write(cache.values()->data(), Cache::bytes_of(ref, *expected_cache.values()));
  }
  const Numbers found = append_and_attend(backend, layer, attention, cache, last, true, choice);
  const double tolerance = attention_tolerance(layer, attention.scale * static_cast<float>(layer.key_size));
  constexpr double kGreatestValue = 5;  // of several thousand normal numbers
  expect_near(found, expected, [&](std::size_t) { return tolerance * kGreatestValue; }, what);
}

}  // namespace rocmforge::testing
