#include "backends/cpu/workspace.h"

#include <algorithm>

#include "base/error.h"

namespace rocmforge::cpu {

// Hands out the parts of the block one after the other; without a block it only counts.
class Workspace::Layout {
 public:
  explicit Layout(std::byte* memory) : memory_(memory) {}

  template <typename T>
  void take(T*& part, std::int64_t count) {
    part = memory_ == nullptr ? nullptr : reinterpret_cast<T*>(memory_ + used_);
    used_ += (static_cast<std::uint64_t>(std::max<std::int64_t>(count, 1)) * sizeof(T) + kLine - 1) / kLine * kLine;
  }
  void take(Gathered& part, std::int64_t head_size) {
    take(part.greatest, kCutQueries);
    take(part.sum, kCutQueries);
    take(part.values, kCutQueries * padded_head(head_size));
  }
  std::uint64_t used() const { return used_; }

 private:
  static constexpr std::uint64_t kLine = 64;
  std::byte* memory_;
  std::uint64_t used_ = 0;
};

void Workspace::lay_out(Layout& layout, int threads) {
  const std::int64_t uses = limits_.rows * limits_.experts_used;
  const std::int64_t row_values = limits_.rows * std::max(limits_.columns, limits_.heads * limits_.head_size);
  quantized_values_ = std::max(row_values, uses * limits_.expert_width);
  layout.take(quantized_.quants, quantized_values_);
  layout.take(quantized_.scales, quantized_values_ / kBlockValues);
  layout.take(quantized_.sums, quantized_values_ / kBlockValues);
  layout.take(quantized_.totals, quantized_values_ / kBlockValues);

  layout.take(experts_.first_use, limits_.experts + 1);
  layout.take(experts_.active, limits_.experts);
  layout.take(experts_.uses, uses);
  layout.take(experts_.rows, uses);
  layout.take(experts_.hidden, uses * limits_.expert_width);
  layout.take(experts_.results, uses * limits_.columns);

  cuts_.resize(static_cast<std::size_t>(cuts_at_once(threads)));
  units_.resize(static_cast<std::size_t>(shared_units(threads)));
  threads_.resize(static_cast<std::size_t>(threads));
  for (Gathered& cut : cuts_) layout.take(cut, limits_.head_size);
  for (Gathered& unit : units_) layout.take(unit, limits_.head_size);
  for (ThreadSpace& thread : threads_) lay_out_thread(layout, thread);
}

void Workspace::lay_out_thread(Layout& layout, ThreadSpace& space) const {
  layout.take(space.tile, kTileTokens * kTileRows);
  layout.take(space.second_tile, kTileTokens * kTileRows);
  layout.take(space.tokens, kTileTokens);
  layout.take(space.factors, kTileTokens);
  layout.take(space.product_scratch, kProductScratchBytes);
  layout.take(space.attention_scratch, static_cast<std::int64_t>(attention_scratch_bytes(limits_.head_size)));
  layout.take(space.queries, kCutQueries * padded_head(limits_.head_size));
  layout.take(space.sights, kCutQueries);
  layout.take(space.scores, (limits_.context + kCutPositions - 1) / kCutPositions * kCutPositions);
  layout.take(space.cut, limits_.head_size);
  layout.take(space.all, limits_.head_size);
  // A head is padded to whole blocks of its cache's format; the router ranks the experts here.
  const std::int64_t row = std::max({limits_.columns, limits_.experts, limits_.head_size + 256});
  layout.take(space.row, row);
  layout.take(space.row_bytes, row * static_cast<std::int64_t>(sizeof(double)));
}

Workspace::Workspace(const ops::WorkLimits& limits, int threads) : limits_(limits) {
  Layout counting(nullptr);
  lay_out(counting, threads);
  memory_ = std::make_unique<HostMemory>(counting.used());
  Layout layout(memory_->data());
  lay_out(layout, threads);
}

std::uint64_t Workspace::bytes(const ops::WorkLimits& limits, int threads) {
  Workspace counted;
  counted.limits_ = limits;
  Layout counting(nullptr);
  counted.lay_out(counting, threads);
  return counting.used();
}

QuantizedRows Workspace::quantized(std::int64_t rows, std::int64_t columns) const {
  RF_CHECK(rows * columns <= quantized_values_);
  QuantizedRows result = quantized_;
  result.columns = columns;
  return result;
}

}  // namespace rocmforge::cpu
