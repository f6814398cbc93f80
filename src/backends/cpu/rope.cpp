// Rotary positions, and storing the keys and values of a row in the paged cache.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "backends/cpu/cpu_backend.h"
#include "base/float_formats.h"

namespace rocmforge::cpu {

using namespace ops;

namespace {

// values: the rotated part of a head. table: cosine and sine of each pair, alternating.
void rotate(const float* table, std::int64_t pairs, RopePairing pairing, float* values) {
  const std::int64_t step = pairing == RopePairing::kNeighbours ? 2 : 1;
  const std::int64_t distance = pairing == RopePairing::kNeighbours ? 1 : pairs;
  for (std::int64_t p = 0; p < pairs; ++p) {
    float& first = values[p * step];
    float& second = values[p * step + distance];
    const float x = first;
    const float y = second;
    first = x * table[2 * p] - y * table[2 * p + 1];
    second = x * table[2 * p + 1] + y * table[2 * p];
  }
}

// Returns the greatest magnitude that is stored; larger numbers are clamped, since an infinity would spoil every later
// token. The limit keeps the half-precision scale of a quantized block, amax / 127 or amax / 8, well below its maximum.
float greatest_of(const quant::Format& format) {
  const bool wide = format.id == quant::FormatId::kF32 || format.id == quant::FormatId::kBF16;
  return wide ? std::numeric_limits<float>::max() / 2 : kHalfMax;
}

float temperature_factor(const Attention& attention, std::int32_t position) {
  const double shifted = static_cast<double>(position) + attention.temperature_offset;
  const double steps = std::floor(shifted / static_cast<double>(attention.temperature_length));
  return static_cast<float>(1 + attention.temperature * std::log(steps + 1));
}

class Writer {
 public:
  Writer(const quant::Format& format, int size, CpuTier tier)
      : kernels_(quant::row_kernels(format.id, tier)),
        greatest_(greatest_of(format)),
        size_(size),
        padded_(PagedKvView::padded(format, size)),
        blocks_(static_cast<std::size_t>(padded_) / format.block_values) {}

  // working: scratch memory for a padded head.
  void store(const float* head, std::byte* to, float* working) const {
    for (int i = 0; i < size_; ++i) {
      const float value = std::isnan(head[i]) ? 0.0f : head[i];
      working[i] = std::clamp(value, -greatest_, greatest_);
    }
    std::fill(working + size_, working + padded_, 0.0f);
    kernels_.encode(working, nullptr, to, blocks_);
  }

 private:
  const quant::RowKernels& kernels_;
  float greatest_;
  int size_;
  int padded_;
  std::size_t blocks_;
};

}  // namespace

void CpuBackend::rope_table(const Step& step, const Rope& rope, Tensor table) {
  for_each_row(step.rows(), 64 * rope.pairs, [&](std::int64_t row, int) {
    const double position = step.positions[static_cast<std::size_t>(row)];
    for (int p = 0; p < rope.pairs; ++p) {
      const double angle = position * static_cast<double>(rope.frequencies[p]);
      table.row(row)[2 * p] = static_cast<float>(std::cos(angle) * rope.magnitude);
      table.row(row)[2 * p + 1] = static_cast<float>(std::sin(angle) * rope.magnitude);
    }
  });
}

// Clamps, normalizes and rotates the queries or keys of a row.
void CpuBackend::prepare(const Attention& attention, const Norm& norm, const float* turns, std::int64_t pairs,
                         std::span<float> row) const {
  const auto count = static_cast<std::int64_t>(row.size());
  const auto normalize = [&] {
    if (norm.is_present()) elementwise_.norm(row.data(), norm, Write::kSet, row.data(), count);
  };
  if (attention.clamp > 0) elementwise_.clamp(attention.clamp, row.data(), count);
  if (!attention.norms_after_rope) normalize();
  for (std::int64_t first = 0; first < count && pairs > 0; first += attention.key_size) {
    rotate(turns, pairs, attention.pairing, row.data() + first + attention.rope_offset);
  }
  if (attention.norms_after_rope) normalize();
}

void CpuBackend::rope_append(const Step& step, const Attention& attention, Tensor table, Tensor q, Tensor k, Tensor v,
                             const PagedKvView& cache) {
  const Writer keys(*cache.key_format, cache.key_size, tier_);
  const bool stores_values = cache.values != nullptr;
  const Writer values(stores_values ? *cache.value_format : *cache.key_format, cache.value_size, tier_);
  for_each_row(step.rows(), 4 * (q.columns + k.columns), [&](std::int64_t row, int thread) {
    const std::int32_t position = step.positions[static_cast<std::size_t>(row)];
    const float* const turns = table.columns == 0 ? nullptr : table.row(row);
    prepare(attention, attention.query_norm, turns, table.columns / 2, q.values(row));
    if (attention.temperature != 0) elementwise_.scale(temperature_factor(attention, position), q.row(row), q.columns);
    if (k.columns == 0) return;

    prepare(attention, attention.key_norm, turns, table.columns / 2, k.values(row));
    if (attention.clamp > 0) elementwise_.clamp(attention.clamp, v.row(row), v.columns);
    if (attention.value_norm.is_present() && v.columns > 0) {
      elementwise_.norm(v.row(row), attention.value_norm, Write::kSet, v.row(row), v.columns);
    }
    const std::int32_t sequence = step.sequence[static_cast<std::size_t>(row)];
    const std::int32_t block =
        step.table(cache.group, sequence)[static_cast<std::size_t>(position / cache.block_tokens)];
    const std::int32_t place = position % cache.block_tokens;
    float* const working = scratch_.thread(thread).row;
    for (int head = 0; head < attention.kv_heads; ++head) {
      keys.store(k.row(row) + head * attention.key_size, cache.key_rows(block, head) + place * cache.key_row_bytes(),
                 working);
      if (!stores_values) continue;
      values.store(v.row(row) + head * attention.value_size,
                   cache.value_rows(block, head) + place * cache.value_row_bytes(), working);
    }
  });
}

}  // namespace rocmforge::cpu
