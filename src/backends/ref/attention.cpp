// Rotary positions, the paged cache, and attention over it.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "backends/ref/reference.h"
#include "base/float_formats.h"
#include "quant/codec.h"

namespace rocmforge::ref {
namespace {

// Rotates the pairs of one head of one row by the table's row.
void rotate(std::span<const float> table, RopePairing pairing, float* values) {
  const std::size_t pairs = table.size() / 2;
  for (std::size_t p = 0; p < pairs; ++p) {
    float& first = values[pairing == RopePairing::kNeighbours ? 2 * p : p];
    float& second = values[pairing == RopePairing::kNeighbours ? 2 * p + 1 : p + pairs];
    const double cosine = table[2 * p];
    const double sine = table[2 * p + 1];
    const double x = first;
    const double y = second;
    first = static_cast<float>(x * cosine - y * sine);
    second = static_cast<float>(x * sine + y * cosine);
  }
}

// Stores a row. Numbers beyond the format's greatest are clamped, since an infinity would spoil every later token.
void store(const quant::Format& format, std::span<const float> values, std::span<std::byte> bytes) {
  std::vector<float> row(static_cast<std::size_t>(PagedKvView::padded(format, static_cast<int>(values.size()))));
  std::ranges::copy(values, row.begin());
  // The scale of a quantized block is amax / 127 or amax / 8 in half precision; this limit keeps it in range.
  const float greatest = format.id == quant::FormatId::kF32 || format.id == quant::FormatId::kBF16
                             ? std::numeric_limits<float>::max() / 2
                             : kHalfMax;
  for (float& value : row) value = std::isnan(value) ? 0.0f : std::clamp(value, -greatest, greatest);
  quant::encode_row(format, row, {}, bytes, CpuTier::kScalar);
}

struct BlockSlot {
  std::int32_t block;
  std::int32_t slot;
};

BlockSlot block_slot_of(const Step& step, const PagedKvView& cache, std::int32_t sequence, std::int32_t position) {
  const auto table = step.table(cache.group, sequence);
  return {table[static_cast<std::size_t>(position / cache.block_tokens)], position % cache.block_tokens};
}

void load(const quant::Format& format, const std::byte* bytes, std::int64_t size, std::vector<float>& row) {
  quant::decode_row(format, {bytes, static_cast<std::size_t>(size)}, row, CpuTier::kScalar);
}

class Reader {
 public:
  Reader(const Step& step, const PagedKvView& cache)
      : step_(step),
        cache_(cache),
        key_(static_cast<std::size_t>(PagedKvView::padded(*cache.key_format, cache.key_size))) {
    if (cache.values != nullptr) {
      value_.resize(static_cast<std::size_t>(PagedKvView::padded(*cache.value_format, cache.value_size)));
    }
  }

  std::span<const float> key(std::int32_t sequence, std::int32_t position, int head) {
    const BlockSlot at = block_slot_of(step_, cache_, sequence, position);
    const std::int64_t bytes = cache_.key_row_bytes();
    load(*cache_.key_format, cache_.key_rows(at.block, head) + at.slot * bytes, bytes, key_);
    return key_;
  }

  std::span<const float> value(std::int32_t sequence, std::int32_t position, int head) {
    if (cache_.values == nullptr) return key(sequence, position, head);
    const BlockSlot at = block_slot_of(step_, cache_, sequence, position);
    const std::int64_t bytes = cache_.value_row_bytes();
    load(*cache_.value_format, cache_.value_rows(at.block, head) + at.slot * bytes, bytes, value_);
    return value_;
  }

 private:
  const Step& step_;
  const PagedKvView& cache_;
  std::vector<float> key_;
  std::vector<float> value_;
};

}  // namespace

void rope_table(const Step& step, const Rope& rope, Tensor table) {
  for (std::int64_t row = 0; row < step.rows(); ++row) {
    for (int p = 0; p < rope.pairs; ++p) {
      const double angle = static_cast<double>(step.positions[static_cast<std::size_t>(row)]) * rope.frequencies[p];
      table.row(row)[2 * p] = static_cast<float>(std::cos(angle) * rope.magnitude);
      table.row(row)[2 * p + 1] = static_cast<float>(std::sin(angle) * rope.magnitude);
    }
  }
}

namespace {

void clamp_row(float limit, std::span<float> values) {
  if (limit == 0) return;
  for (float& value : values) value = std::clamp(value, -limit, limit);
}

void normalize_row(const Norm& norm, std::span<float> values) {
  if (norm.is_present()) normalize(values, norm, Write::kSet, values);
}

double temperature_of(const Attention& attention, std::int32_t position) {
  if (attention.temperature == 0) return 1;
  const double steps = std::floor((static_cast<double>(position) + attention.temperature_offset) /
                                  static_cast<double>(attention.temperature_length));
  return 1 + attention.temperature * std::log(steps + 1);
}

// Clamps, normalizes and rotates the queries or keys of a row.
void prepare(const Attention& attention, const Norm& norm, std::span<const float> turns, std::span<float> row) {
  clamp_row(attention.clamp, row);
  if (!attention.norms_after_rope) normalize_row(norm, row);
  for (std::size_t first = 0; first < row.size(); first += static_cast<std::size_t>(attention.key_size)) {
    rotate(turns, attention.pairing, row.data() + first + attention.rope_offset);
  }
  if (attention.norms_after_rope) normalize_row(norm, row);
}

}  // namespace

void rope_append(const Step& step, const Attention& attention, Tensor table, Tensor q, Tensor k, Tensor v,
                 const PagedKvView& cache) {
  for (std::int64_t row = 0; row < step.rows(); ++row) {
    const std::int32_t position = step.positions[static_cast<std::size_t>(row)];
    const auto turns = table.columns == 0 ? std::span<float>() : table.values(row);
    prepare(attention, attention.query_norm, turns, q.values(row));
    const double temperature = temperature_of(attention, position);
    for (float& value : q.values(row)) value = static_cast<float>(value * temperature);
    if (k.columns == 0) continue;

    prepare(attention, attention.key_norm, turns, k.values(row));
    if (v.columns > 0) {
      clamp_row(attention.clamp, v.values(row));
      normalize_row(attention.value_norm, v.values(row));
    }
    const BlockSlot at = block_slot_of(step, cache, step.sequence[static_cast<std::size_t>(row)], position);
    const std::int64_t key_bytes = cache.key_row_bytes();
    const std::int64_t value_bytes = cache.value_row_bytes();
    for (int head = 0; head < attention.kv_heads; ++head) {
      store(*cache.key_format, {k.row(row) + head * attention.key_size, static_cast<std::size_t>(attention.key_size)},
            {cache.key_rows(at.block, head) + at.slot * key_bytes, static_cast<std::size_t>(key_bytes)});
      if (cache.values == nullptr) continue;
      store(*cache.value_format,
            {v.row(row) + head * attention.value_size, static_cast<std::size_t>(attention.value_size)},
            {cache.value_rows(at.block, head) + at.slot * value_bytes, static_cast<std::size_t>(value_bytes)});
    }
  }
}

namespace {

bool is_in_window(const Attention& attention, std::int32_t i, std::int32_t j) {
  if (attention.window == 0) return true;
  switch (attention.window_kind) {
    case WindowKind::kSliding: return j > i - attention.window;
    case WindowKind::kChunked: return j >= i / attention.window * attention.window;
    case WindowKind::kCentred: return std::abs(i - j) <= attention.window / 2;
  }
  return false;
}

// Returns the end of the visible positions, apart from the window.
std::int32_t visible_end(const Attention& attention, const SequenceRows& sequence, std::int32_t position) {
  if (attention.is_cross_attention) return sequence.source_length;
  return attention.is_causal ? position + 1 : sequence.end_position();
}

// Returns what the distance adds to a logit.
double bias_of(const Attention& attention, int head, std::int32_t i, std::int32_t j) {
  double bias = 0;
  if (attention.slopes != nullptr) bias -= attention.slopes[head] * static_cast<double>(std::abs(i - j));
  if (attention.distance_bias != nullptr) {
    const int reach = attention.distance_reach;
    bias += attention.distance_bias[head * (2 * reach + 1) + std::clamp(j - i, -reach, reach) + reach];
  }
  return bias;
}

bool is_selected(const KeySelection& selection, std::int64_t row, std::int32_t j) {
  return !selection.is_present() || (selection.row(row)[j / 32] >> (j % 32) & 1) != 0;
}

}  // namespace

void paged_attention(const Step& step, const Attention& attention, Tensor q, const PagedKvView& cache,
                     const KeySelection& selection, Tensor out) {
  Reader reader(step, cache);
  const int share = attention.heads / attention.kv_heads;
  std::vector<std::int32_t> visible;
  std::vector<double> logits;
  std::vector<double> sum(static_cast<std::size_t>(attention.value_size));
  for (std::int64_t row = 0; row < step.rows(); ++row) {
    const std::int32_t sequence = step.sequence[static_cast<std::size_t>(row)];
    const std::int32_t position = step.positions[static_cast<std::size_t>(row)];
    const std::int32_t end = visible_end(attention, step.sequences[static_cast<std::size_t>(sequence)], position);
    visible.clear();
    for (std::int32_t j = 0; j < end; ++j) {
      if (is_in_window(attention, position, j) && is_selected(selection, row, j)) visible.push_back(j);
    }
    for (int head = 0; head < attention.heads; ++head) {
      const float* query = q.row(row) + head * attention.key_size;
      double greatest = attention.sinks == nullptr ? -std::numeric_limits<double>::infinity() : attention.sinks[head];
      logits.clear();
      for (const std::int32_t j : visible) {
        const auto key = reader.key(sequence, j, head / share);
        double logit = 0;
        for (int i = 0; i < attention.key_size; ++i) logit += static_cast<double>(query[i]) * key[i];
        logit *= attention.scale;
        if (attention.soft_cap > 0) logit = attention.soft_cap * std::tanh(logit / attention.soft_cap);
        logits.push_back(logit + bias_of(attention, head, position, j));
        greatest = std::max(greatest, logits.back());
      }
      double total = attention.sinks == nullptr ? 0 : std::exp(attention.sinks[head] - greatest);
      std::ranges::fill(sum, 0.0);
      for (std::size_t n = 0; n < visible.size(); ++n) {
        const double weight = std::exp(logits[n] - greatest);
        total += weight;
        const auto value = reader.value(sequence, visible[n], head / share);
        for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += weight * value[i];
      }
      float* result = out.row(row) + head * attention.value_size;
      for (std::size_t i = 0; i < sum.size(); ++i) result[i] = total == 0 ? 0 : static_cast<float>(sum[i] / total);
    }
  }
}

void select_keys(const Step& step, int most, Heads q, Tensor weights, const PagedKvView& keys,
                 const KeySelection& selection) {
  Reader reader(step, keys);
  for (std::int64_t row = 0; row < step.rows(); ++row) {
    const std::int32_t sequence = step.sequence[static_cast<std::size_t>(row)];
    std::vector<std::pair<double, std::int32_t>> scores;
    for (std::int32_t j = 0; j <= step.positions[static_cast<std::size_t>(row)]; ++j) {
      const auto key = reader.key(sequence, j, 0);
      double score = 0;
      for (int head = 0; head < q.heads; ++head) {
        double product = 0;
        for (int i = 0; i < q.size; ++i) {
          product += static_cast<double>(q.at(row, head)[i]) * key[static_cast<std::size_t>(i)];
        }
        score += weights.row(row)[head] * std::max(product, 0.0);
      }
      scores.emplace_back(score, j);
    }
    std::ranges::sort(scores, [](const auto& a, const auto& b) {
      return a.first > b.first || (a.first == b.first && a.second < b.second);
    });
    std::fill_n(selection.row(row), selection.words, 0u);
    for (std::size_t n = 0; n < std::min(scores.size(), static_cast<std::size_t>(most)); ++n) {
      selection.row(row)[scores[n].second / 32] |= 1u << (scores[n].second % 32);
    }
  }
}

}  // namespace rocmforge::ref
