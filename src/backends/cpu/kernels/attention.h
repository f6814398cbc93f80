// Attention of some query vectors, which share a key head, over one cut: the positions between two multiples of
// kCutPositions. Cuts are joined in their order afterwards, so that it makes no difference who computed them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/cpu_tier.h"
#include "ops/step.h"
#include "quant/row_kernels.h"

namespace rocmforge::cpu {

inline constexpr int kCutPositions = 256;
inline constexpr int kCutQueries = 32;     // at most
inline constexpr int kTilePositions = 32;  // keys and values that are made float at a time
inline constexpr int kHeadAlignment = 16;  // heads are padded with zeros to whole vectors of any target

constexpr std::int64_t padded_head(std::int64_t size) {
  return (size + kHeadAlignment - 1) / kHeadAlignment * kHeadAlignment;
}

// How stored rows become floats.
struct CacheFormat {
  void (*plain)(const std::byte* row, std::int64_t count, float* out) = nullptr;  // F32, F16, BF16
  const quant::RowKernels* codec = nullptr;                                       // of the others
  std::int64_t row_bytes = 0;
  std::int64_t size = 0;        // values of a head
  std::int64_t row_blocks = 0;  // blocks of a row, for the codec
};

// What a query sees of a cut, and what is added to its logits. Positions are counted from the cut's beginning.
struct VisibleRange {
  std::int32_t first = 0;  // of the positions
  std::int32_t end = 0;
  const std::uint32_t* selected = nullptr;  // of these, by a bit a position; absent: all
  std::int32_t position = 0;                // the query's own
  float slope = 0;                          // times the distance is taken off
  const float* distance_bias = nullptr;     // [2 * reach + 1]; may be absent
};

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

// What a query has gathered: the greatest logit, the sum of exponentials below it, and the values weighted with these.
// A sum of 0: nothing yet.
struct PartialSoftmax {
  float* greatest = nullptr;  // [count]
  float* sum = nullptr;       // [count]
  float* values = nullptr;    // [count, padded_head(value size)]
};

struct AttentionKernels {
  // out is overwritten; scratch: attention_scratch_bytes() of the calling thread, on a cache line.
  void (*attend)(const AttentionCut& cut, const PartialSoftmax& out, std::byte* scratch);
  // Joins a later cut of query number `query` to what there is.
  void (*join)(const PartialSoftmax& later, const PartialSoftmax& all, int query, std::int64_t value_size);
  // out: the query's result; sink: a further logit, or nullptr.
  void (*finish)(const PartialSoftmax& all, int query, std::int64_t value_size, const float* sink, float* out);
  // scores[p] += the sum over the queries of weights[query] * max(0, query times key p), for the cut's first `end`
  // positions. scores: [kCutPositions].
  void (*score)(const AttentionCut& cut, std::int32_t end, const float* weights, float* scores, std::byte* scratch);
  // Of a key or value cache in the format.
  CacheFormat (*cache_format)(const quant::Format& format, std::int64_t size, CpuTier tier);
};

const AttentionKernels& attention_kernels(CpuTier tier);

constexpr std::size_t attention_scratch_bytes(std::int64_t head_size) {
  const std::int64_t padded = (head_size + 31) / 32 * 32;
  return static_cast<std::size_t>(kTilePositions * padded + kCutQueries * kCutPositions) * sizeof(float);
}

}  // namespace rocmforge::cpu
