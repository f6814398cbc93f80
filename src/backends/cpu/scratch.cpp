#include "backends/cpu/scratch.h"

#include <algorithm>

#include "base/error.h"

namespace rocmforge::cpu {

// Hands out consecutive parts of the block. Without a block it only counts bytes.
class Scratch::Allocator {
 public:
  explicit Allocator(std::byte* memory) : memory_(memory) {}

  template <typename T>
  void take(T*& part, std::int64_t count) {
    part = memory_ == nullptr ? nullptr : reinterpret_cast<T*>(memory_ + used_);
    used_ += (static_cast<std::uint64_t>(std::max<std::int64_t>(count, 1)) * sizeof(T) + kLine - 1) / kLine * kLine;
  }
  void take(PartialSoftmax& part, std::int64_t head_size) {
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

void Scratch::lay_out(Allocator& allocator, int threads) {
  const std::int64_t uses = limits_.rows * limits_.experts_used;
  const std::int64_t row_values = limits_.rows * std::max(limits_.columns, limits_.heads * limits_.head_size);
  quantized_values_ = std::max(row_values, uses * limits_.expert_width);
  allocator.take(quantized_.quants, quantized_values_);
  allocator.take(quantized_.scales, quantized_values_ / kBlockValues);
  allocator.take(quantized_.sums, quantized_values_ / kBlockValues);
  allocator.take(quantized_.totals, quantized_values_ / kBlockValues);

  allocator.take(experts_.first_use, limits_.experts + 1);
  allocator.take(experts_.active, limits_.experts);
  allocator.take(experts_.uses, uses);
  allocator.take(experts_.rows, uses);
  allocator.take(experts_.hidden, uses * limits_.expert_width);
  allocator.take(experts_.results, uses * limits_.columns);

  cuts_.resize(static_cast<std::size_t>(cuts_at_once(threads)));
  units_.resize(static_cast<std::size_t>(shared_units(threads)));
  threads_.resize(static_cast<std::size_t>(threads));
  for (PartialSoftmax& cut : cuts_) allocator.take(cut, limits_.head_size);
  for (PartialSoftmax& unit : units_) allocator.take(unit, limits_.head_size);
  for (ThreadScratch& thread : threads_) lay_out_thread(allocator, thread);
}

void Scratch::lay_out_thread(Allocator& allocator, ThreadScratch& scratch) const {
  allocator.take(scratch.tile, kTileTokens * kTileRows);
  allocator.take(scratch.second_tile, kTileTokens * kTileRows);
  allocator.take(scratch.tokens, kTileTokens);
  allocator.take(scratch.factors, kTileTokens);
  allocator.take(scratch.product_scratch, kProductScratchBytes);
  allocator.take(scratch.attention_scratch, static_cast<std::int64_t>(attention_scratch_bytes(limits_.head_size)));
  allocator.take(scratch.queries, kCutQueries * padded_head(limits_.head_size));
  allocator.take(scratch.visible, kCutQueries);
  allocator.take(scratch.scores, (limits_.context + kCutPositions - 1) / kCutPositions * kCutPositions);
  allocator.take(scratch.cut, limits_.head_size);
  allocator.take(scratch.all, limits_.head_size);
  // This row holds a head padded to whole blocks of its cache's format, or the router's ranks of the experts.
  const std::int64_t row = std::max({limits_.columns, limits_.experts, limits_.head_size + 256});
  allocator.take(scratch.row, row);
  allocator.take(scratch.row_bytes, row * static_cast<std::int64_t>(sizeof(double)));
}

Scratch::Scratch(const ops::WorkLimits& limits, int threads) : limits_(limits) {
  Allocator counting(nullptr);
  lay_out(counting, threads);
  memory_ = std::make_unique<HostMemory>(counting.used());
  Allocator allocator(memory_->data());
  lay_out(allocator, threads);
}

std::uint64_t Scratch::bytes(const ops::WorkLimits& limits, int threads) {
  Scratch counted;
  counted.limits_ = limits;
  Allocator counting(nullptr);
  counted.lay_out(counting, threads);
  return counting.used();
}

QuantizedRows Scratch::quantized(std::int64_t rows, std::int64_t columns) const {
  RF_CHECK(rows * columns <= quantized_values_);
  QuantizedRows result = quantized_;
  result.columns = columns;
  return result;
}

}  // namespace rocmforge::cpu
