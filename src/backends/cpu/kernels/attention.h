// Kernels for the attention of several query vectors, which share a key head, over one cut: the positions between two
// multiples of kCutPositions. Cuts are joined in order afterwards, so it does not matter which thread computed them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/cpu_tier.h"
#include "ops/step.h"
#include "quant/row_kernels.h"

namespace rocmforge::cpu {

inline constexpr int kCutPositions = 256;
inline constexpr int kCutQueries = 32;     // at most
inline constexpr int kTilePositions = 32;  // keys or values that are converted to float at a time
inline constexpr int kHeadAlignment = 16;  // heads are padded with zeros to whole vectors on every target

constexpr std::int64_t padded_head(std::int64_t size) {
  return (size + kHeadAlignment - 1) / kHeadAlignment * kHeadAlignment;
}

// How stored rows are converted to floats.
struct CacheFormat {
  void (*plain)(const std::byte* row, std::int64_t count, float* out) = nullptr;  // F32, F16, BF16
  const quant::RowKernels* codec = nullptr;                                       // of other formats
  std::int64_t row_bytes = 0;
  std::int64_t size = 0;        // values of a head
  std::int64_t row_blocks = 0;  // blocks of a row, for the codec
};

// The positions of a cut that a query sees, and the bias of its logits. Positions are relative to the cut's first.
struct VisibleRange {
  std::int32_t first = 0;  // the query sees [first, end)
  std::int32_t end = 0;
  const std::uint32_t* selected = nullptr;  // one bit per position: whether it is selected; absent: all are
  std::int32_t position = 0;                // of the query
  float slope = 0;                          // slope * distance is subtracted from the logit
  const float* distance_bias = nullptr;     // [2 * reach + 1]; may be absent
};

// Several queries and one cut of their sequence.
struct AttentionCut {
  const float* queries = nullptr;  // [count, query_stride], padded with zeros to padded_head(key size)
  std::int64_t query_stride = 0;
  const VisibleRange* visible = nullptr;  // [count]
  int count = 0;
  std::int32_t first_position = 0;
  std::int64_t key_size = 0;
  std::int64_t value_size = 0;
  float scale = 1;
  float soft_cap = 0;
  int distance_reach = 0;
  const ops::PagedKvView* cache = nullptr;
  int kv_head = 0;
  const std::int32_t* block_table = nullptr;
  CacheFormat keys;
  CacheFormat values;
};

// The running softmax of each query over the positions so far: the greatest logit, the sum of exp(logit - greatest),
// and the values weighted with these exponentials. A sum of 0 means that the query has seen no position.
struct PartialSoftmax {
  float* greatest = nullptr;  // [count]
  float* sum = nullptr;       // [count]
  float* values = nullptr;    // [count, padded_head(value size)]
};

struct AttentionKernels {
  // Attends to the cut and overwrites `out`. scratch: attention_scratch_bytes() of the calling thread, aligned to a
  // cache line.
  void (*attend)(const AttentionCut& cut, const PartialSoftmax& out, std::byte* scratch);
  // Joins the result of a later cut into `all`, for one query.
  void (*join)(const PartialSoftmax& later, const PartialSoftmax& all, int query, std::int64_t value_size);
  // Writes a query's result to `out`. sink: an extra logit, or nullptr.
  void (*finish)(const PartialSoftmax& all, int query, std::int64_t value_size, const float* sink, float* out);
  // scores[p] += the sum over the queries of weights[query] * max(0, query times key p), for the cut's first `end`
  // positions. scores: [kCutPositions].
  void (*score)(const AttentionCut& cut, std::int32_t end, const float* weights, float* scores, std::byte* scratch);
  // Returns how to read a key or value cache in the format.
  CacheFormat (*cache_format)(const quant::Format& format, std::int64_t size, CpuTier tier);
};

const AttentionKernels& attention_kernels(CpuTier tier);

constexpr std::size_t attention_scratch_bytes(std::int64_t head_size) {
  const std::int64_t padded = (head_size + 31) / 32 * 32;
  return static_cast<std::size_t>(kTilePositions * padded + kCutQueries * kCutPositions) * sizeof(float);
}

}  // namespace rocmforge::cpu
