// The memory that operations use between their inputs and results: one block, laid out once for the greatest step.
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

// What one thread works with.
struct ThreadScratch {
  float* tile = nullptr;           // [kTileTokens, kTileRows]
  float* second_tile = nullptr;    // the same
  std::int32_t* tokens = nullptr;  // [kTileTokens]
  float* factors = nullptr;        // [kTileTokens]
  std::byte* product_scratch = nullptr;
  std::byte* attention_scratch = nullptr;
  float* queries = nullptr;         // [kCutQueries, padded head]
  VisibleRange* visible = nullptr;  // [kCutQueries]
  float* scores = nullptr;          // of the positions of a sequence, up to whole cuts
  PartialSoftmax cut;
  PartialSoftmax all;
  float* row = nullptr;            // a row of a table, or a head, decoded
  std::byte* row_bytes = nullptr;  // its blocks, aligned
};

// Token and slot of every use of an expert, sorted by expert; and what these give.
struct ExpertScratch {
  std::int32_t* first_use = nullptr;  // [experts + 1]
  std::int32_t* active = nullptr;     // [experts]: those with uses
  std::int32_t* uses = nullptr;       // [rows * used]: row * used + slot
  std::int32_t* rows = nullptr;       // [rows * used]: the row alone
  float* hidden = nullptr;            // [rows * used, expert width]
  float* results = nullptr;           // [rows * used, columns]
};

class Scratch {
 public:
  Scratch() = default;
  Scratch(const ops::WorkLimits& limits, int threads);

  static std::uint64_t bytes(const ops::WorkLimits& limits, int threads);

  const ops::WorkLimits& limits() const { return limits_; }
  ThreadScratch& thread(int number) { return threads_[static_cast<std::size_t>(number)]; }
  const ExpertScratch& experts() const { return experts_; }

  // Room for rows of activations as integers; columns are set by the caller.
  QuantizedRows quantized(std::int64_t rows, std::int64_t columns) const;

  // For attention whose cuts are shared among threads: each cut's result, and what is joined so far.
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
