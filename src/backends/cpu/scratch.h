// The scratch memory of operations: one block, allocated once for the largest step.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "backends/cpu/host_memory.h"
#include "backends/cpu/kernels/attention.h"
#include "backends/cpu/kernels/product.h"
#include "ops/backend.h"

namespace rocmforge::cpu {

// The scratch memory of one thread.
struct ThreadScratch {
  float* tile = nullptr;           // [kTileTokens, kTileRows]
  float* second_tile = nullptr;    // [kTileTokens, kTileRows]
  std::int32_t* tokens = nullptr;  // [kTileTokens]
  float* factors = nullptr;        // [kTileTokens]
  std::byte* product_scratch = nullptr;
  std::byte* attention_scratch = nullptr;
  float* queries = nullptr;         // [kCutQueries, padded head]
  VisibleRange* visible = nullptr;  // [kCutQueries]
  float* scores = nullptr;          // of the positions of a sequence, rounded up to whole cuts
  PartialSoftmax cut;
  PartialSoftmax all;
  float* row = nullptr;            // a decoded row of a table, or a decoded head
  std::byte* row_bytes = nullptr;  // an aligned copy of the row's blocks
};

// The uses of experts (pairs of a token and a slot), sorted by expert, and their results.
struct ExpertScratch {
  std::int32_t* first_use = nullptr;  // [experts + 1]
  std::int32_t* active = nullptr;     // [experts]: the experts that are used
  std::int32_t* uses = nullptr;       // [rows * used]: row * used + slot
  std::int32_t* rows = nullptr;       // [rows * used]: the row of each use
  float* hidden = nullptr;            // [rows * used, expert width]
  float* results = nullptr;           // [rows * used, columns]
};

// The scratch memory of a CpuBackend.
class Scratch {
 public:
  Scratch() = default;
  Scratch(const ops::WorkLimits& limits, int threads);

  // Returns the bytes that the constructor would allocate.
  static std::uint64_t bytes(const ops::WorkLimits& limits, int threads);

  const ops::WorkLimits& limits() const { return limits_; }
  ThreadScratch& thread(int number) { return threads_[static_cast<std::size_t>(number)]; }
  const ExpertScratch& experts() const { return experts_; }

  // Returns memory for quantized activations of this shape. Requires: it fits within the limits.
  QuantizedRows quantized(std::int64_t rows, std::int64_t columns) const;

  // Partial results for attention whose cuts are shared among threads: of each cut, and of each unit's cuts joined so
  // far.
  const PartialSoftmax& cut(int number) const { return cuts_[static_cast<std::size_t>(number)]; }
  const PartialSoftmax& unit(int number) const { return units_[static_cast<std::size_t>(number)]; }
  static int cuts_at_once(int threads) { return 4 * threads; }
  static int shared_units(int threads) { return 2 * threads; }

 private:
  class Allocator;
  void lay_out(Allocator& allocator, int threads);
  void lay_out_thread(Allocator& allocator, ThreadScratch& scratch) const;

  ops::WorkLimits limits_;
  std::unique_ptr<HostMemory> memory_;
  QuantizedRows quantized_;
  std::int64_t quantized_values_ = 0;
  ExpertScratch experts_;
  std::vector<ThreadScratch> threads_;
  std::vector<PartialSoftmax> cuts_;
  std::vector<PartialSoftmax> units_;
};

}  // namespace rocmforge::cpu
