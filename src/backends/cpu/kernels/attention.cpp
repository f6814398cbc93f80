#include "backends/cpu/kernels/attention.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/kernels/attention.cpp"
#include <hwy/foreach_target.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "backends/cpu/kernels/math-inl.h"
#include "base/float_formats.h"

HWY_BEFORE_NAMESPACE();
namespace rocmforge::cpu::HWY_NAMESPACE {
namespace {

inline constexpr float kNothing = -std::numeric_limits<float>::infinity();

// ---- Stored rows to floats ----

void copy_floats(const std::byte* row, std::int64_t count, float* out) {
  std::memcpy(out, row, static_cast<std::size_t>(count) * sizeof(float));
}

template <typename Number>
HWY_ATTR void widen_numbers(const std::byte* row, std::int64_t count, float* out) {
  std::int64_t i = 0;
#if ROCMFORGE_CPU_REAL_VECTORS
  if constexpr (std::is_same_v<Number, Half>) {
    const hn::Rebind<hwy::float16_t, FloatTag> tag;
    const auto* from = reinterpret_cast<const hwy::float16_t*>(row);
    for (; i + kFloatLanes <= count; i += kFloatLanes) {
      hn::StoreU(hn::PromoteTo(FloatTag(), hn::LoadU(tag, from + i)), FloatTag(), out + i);
    }
  }
#endif
  for (; i < count; ++i) {
    Number number;
    std::memcpy(&number, row + i * static_cast<std::int64_t>(sizeof(Number)), sizeof(Number));
    out[i] = to_float(number);
  }
}

CacheFormat cache_format(const quant::Format& format, std::int64_t size, CpuTier tier) {
  CacheFormat result;
  switch (format.id) {
    case quant::FormatId::kF32: result.plain = copy_floats; break;
    case quant::FormatId::kF16: result.plain = widen_numbers<Half>; break;
    case quant::FormatId::kBF16: result.plain = widen_numbers<BFloat16>; break;
    default: result.codec = &quant::row_kernels(format.id, tier);
  }
  result.row_bytes = ops::PagedKvView::bytes_of_row(format, static_cast<int>(size));
  result.size = size;
  result.row_blocks = result.row_bytes / format.block_bytes;
  return result;
}

// A tile of keys or values: [position, stride], rows padded with zeros.
struct Tile {
  float* values;
  std::int64_t stride;

  float* row(std::int32_t position) const { return values + position % kTilePositions * stride; }
};

// Positions [first, end) of the cut, all of one tile.
HWY_ATTR void load_tile(const AttentionCut& cut, const CacheFormat& format, bool are_keys, std::int32_t first,
                        std::int32_t end, const Tile& tile) {
  const ops::PagedKvView& cache = *cut.cache;
  for (std::int32_t p = first; p < end; ++p) {
    const std::int32_t position = cut.first_position + p;
    const std::int32_t block = cut.block_table[position / cache.block_tokens];
    const std::byte* rows = are_keys ? cache.key_rows(block, cut.kv_head) : cache.value_rows(block, cut.kv_head);
    const std::byte* row = rows + position % cache.block_tokens * format.row_bytes;
    float* const out = tile.row(p);
    if (format.plain != nullptr) {
      format.plain(row, format.size, out);
      std::fill(out + format.size, out + tile.stride, 0.0f);
    } else {
      format.codec->decode(row, out, static_cast<std::size_t>(format.row_blocks));  // padded to 32 with zeros
    }
  }
}

// ---- Logits ----

#if ROCMFORGE_CPU_REAL_VECTORS

// logits[g][0..3] = queries g times four neighbouring keys, for kCount queries.
template <int kCount>
HWY_ATTR void four_logits(const float* queries, std::int64_t query_stride, const float* keys, std::int64_t key_stride,
                          std::int64_t size, float* logits) {
  const FloatTag tag;
  Floats sums[kCount][4];
  for (int g = 0; g < kCount; ++g) {
    for (int k = 0; k < 4; ++k) sums[g][k] = hn::Zero(tag);
  }
  for (std::int64_t i = 0; i < size; i += kFloatLanes) {
    Floats query[kCount];
    for (int g = 0; g < kCount; ++g) query[g] = hn::LoadU(tag, queries + g * query_stride + i);
    for (int k = 0; k < 4; ++k) {
      const Floats key = hn::LoadU(tag, keys + k * key_stride + i);
      for (int g = 0; g < kCount; ++g) sums[g][k] = hn::MulAdd(query[g], key, sums[g][k]);
    }
  }
  for (int g = 0; g < kCount; ++g) {
    hn::StoreU(four_sums(sums[g][0], sums[g][1], sums[g][2], sums[g][3]), FourTag(), logits + g * kCutPositions);
  }
}

#else

template <int kCount>
void four_logits(const float* queries, std::int64_t query_stride, const float* keys, std::int64_t key_stride,
                 std::int64_t size, float* logits) {
  for (int g = 0; g < kCount; ++g) {
    for (int k = 0; k < 4; ++k) {
      float lanes[8] = {};
      for (std::int64_t i = 0; i < size; i += 8) {
        for (int j = 0; j < 8; ++j) lanes[j] += queries[g * query_stride + i + j] * keys[k * key_stride + i + j];
      }
      float sum = 0;
      for (const float lane : lanes) sum += lane;
      logits[g * kCutPositions + k] = sum;
    }
  }
}

#endif

// Of all queries with the positions [first, end) of the tile, and with some around them that nobody looks at.
HWY_ATTR void tile_logits(const AttentionCut& cut, const Tile& tile, std::int32_t first, std::int32_t end,
                          float* logits) {
  const std::int64_t stride = padded_head(cut.key_size);
  for (std::int32_t p = first / 4 * 4; p < end; p += 4) {
    int g = 0;
    for (; g + 2 <= cut.count; g += 2) {
      four_logits<2>(cut.queries + g * stride, stride, tile.row(p), tile.stride, stride,
                     logits + g * kCutPositions + p);
    }
    if (g < cut.count) {
      four_logits<1>(cut.queries + g * stride, stride, tile.row(p), tile.stride, stride,
                     logits + g * kCutPositions + p);
    }
  }
}

// ---- Softmax ----

template <typename Tag>
HWY_ATTR hn::Mask<Tag> visible_lanes(Tag tag, const Visible& visible, std::int32_t first) {
  const auto lane = hn::Iota(tag, static_cast<float>(first));
  return hn::And(hn::Ge(lane, hn::Set(tag, static_cast<float>(visible.first))),
                 hn::Lt(lane, hn::Set(tag, static_cast<float>(visible.end))));
}

// The cut's logits become exponentials, 0 where the query does not see; answers the greatest logit and their sum. The
// lanes are those of the cut's positions, so that what is not visible changes no sum.
HWY_ATTR void weigh(const AttentionCut& cut, const Visible& visible, float* logits, float& greatest_out,
                    float& sum_out) {
  const AnyTag tag;
  const auto lanes = static_cast<std::int32_t>(hn::Lanes(tag));
  greatest_out = kNothing;
  sum_out = 0;
  if (visible.first < visible.end) {
    auto greatest = hn::Set(tag, kNothing);
    const std::int32_t from = visible.first / lanes * lanes;
    for (std::int32_t p = from; p < visible.end; p += lanes) {
      auto logit = hn::LoadU(tag, logits + p) * hn::Set(tag, cut.scale);
      if (cut.soft_cap > 0) logit = hn::Set(tag, cut.soft_cap) * tanh(logit / hn::Set(tag, cut.soft_cap));
      logit = hn::IfThenElse(visible_lanes(tag, visible, p), logit, hn::Set(tag, kNothing));
      greatest = hn::Max(greatest, logit);
      hn::StoreU(logit, tag, logits + p);
    }
    greatest_out = hn::GetLane(hn::MaxOfLanes(tag, greatest));
    auto sum = hn::Zero(tag);
    for (std::int32_t p = from; p < visible.end; p += lanes) {
      const auto below = hn::LoadU(tag, logits + p) - hn::Set(tag, greatest_out);
      const auto weight = hn::IfThenElseZero(visible_lanes(tag, visible, p), exp(below));
      sum = sum + weight;
      hn::StoreU(weight, tag, logits + p);
    }
    sum_out = hn::GetLane(hn::SumOfLanes(tag, sum));
  }
  std::fill(logits, logits + std::max(visible.first, 0), 0.0f);
  std::fill(logits + std::max(visible.end, visible.first), logits + kCutPositions, 0.0f);
}

// ---- Values ----

// values[g] += weights[g][p] * value p, for p of the tile in their order, for kCount queries.
template <int kCount>
HWY_ATTR void add_values(const float* weights, const Tile& tile, std::int32_t first, std::int32_t end,
                         std::int64_t size, float* values) {
  const AnyTag tag;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(tag));
  for (std::int64_t i = 0; i < size; i += lanes) {
    AnyFloats sums[kCount];
    for (int g = 0; g < kCount; ++g) sums[g] = hn::LoadU(tag, values + g * size + i);
    for (std::int32_t p = first; p < end; ++p) {
      const auto value = hn::LoadU(tag, tile.row(p) + i);
      for (int g = 0; g < kCount; ++g) {
        sums[g] = hn::MulAdd(hn::Set(tag, weights[g * kCutPositions + p]), value, sums[g]);
      }
    }
    for (int g = 0; g < kCount; ++g) hn::StoreU(sums[g], tag, values + g * size + i);
  }
}

HWY_ATTR void tile_values(const AttentionCut& cut, const Tile& tile, std::int32_t first, std::int32_t end,
                          const float* weights, float* values) {
  const std::int64_t size = padded_head(cut.value_size);
  int g = 0;
  for (; g + 4 <= cut.count; g += 4) {
    add_values<4>(weights + g * kCutPositions, tile, first, end, size, values + g * size);
  }
  for (; g < cut.count; ++g) {
    add_values<1>(weights + g * kCutPositions, tile, first, end, size, values + g * size);
  }
}

// ---- A cut ----

template <typename Function>
HWY_ATTR void for_each_tile(const Visible& all, Function function) {
  for (std::int32_t first = all.first; first < all.end;) {
    const std::int32_t end = std::min(all.end, (first / kTilePositions + 1) * kTilePositions);
    function(first, end);
    first = end;
  }
}

HWY_ATTR void attend(const AttentionCut& cut, const Gathered& out, std::byte* scratch) {
  auto* const logits = reinterpret_cast<float*>(scratch);  // [query, kCutPositions]
  float* const tiles = logits + kCutQueries * kCutPositions;
  Visible all{kCutPositions, 0};
  for (int g = 0; g < cut.count; ++g) {
    if (cut.visible[g].first >= cut.visible[g].end) continue;
    all.first = std::min(all.first, cut.visible[g].first);
    all.end = std::max(all.end, cut.visible[g].end);
  }

  const Tile keys{tiles, (padded_head(cut.key_size) + 31) / 32 * 32};
  for_each_tile(all, [&](std::int32_t first, std::int32_t end) HWY_ATTR {
    load_tile(cut, cut.keys, true, first, end, keys);
    tile_logits(cut, keys, first, end, logits);
  });
  for (int g = 0; g < cut.count; ++g) {
    weigh(cut, cut.visible[g], logits + g * kCutPositions, out.greatest[g], out.sum[g]);
  }

  const bool in_keys = cut.cache->values == nullptr;
  const CacheFormat& format = in_keys ? cut.keys : cut.values;
  const Tile values{tiles, (padded_head(in_keys ? cut.key_size : cut.value_size) + 31) / 32 * 32};
  std::fill_n(out.values, cut.count * padded_head(cut.value_size), 0.0f);
  for_each_tile(all, [&](std::int32_t first, std::int32_t end) HWY_ATTR {
    load_tile(cut, format, in_keys, first, end, values);
    tile_values(cut, values, first, end, logits, out.values);
  });
}

// ---- Cuts together ----

HWY_ATTR float exp_of(float x) { return hn::GetLane(exp(hn::Set(AnyTag(), x))); }

// All of `later`'s is brought to the greater of both greatest logits, and so is what there was.
HWY_ATTR void join(const Gathered& later, const Gathered& all, int query, std::int64_t value_size) {
  if (later.sum[query] == 0) return;
  const std::int64_t size = padded_head(value_size);
  const float* const from = later.values + query * size;
  float* const to = all.values + query * size;
  if (all.sum[query] == 0) {
    all.greatest[query] = later.greatest[query];
    all.sum[query] = later.sum[query];
    std::copy_n(from, size, to);
    return;
  }
  const float greatest = std::max(later.greatest[query], all.greatest[query]);
  const float earlier_factor = exp_of(all.greatest[query] - greatest);
  const float later_factor = exp_of(later.greatest[query] - greatest);
  all.greatest[query] = greatest;
  all.sum[query] = all.sum[query] * earlier_factor + later.sum[query] * later_factor;
  for (std::int64_t i = 0; i < size; ++i) to[i] = to[i] * earlier_factor + from[i] * later_factor;
}

HWY_ATTR void finish(const Gathered& all, int query, std::int64_t value_size, const float* sink, float* out) {
  const float* const values = all.values + query * padded_head(value_size);
  float sum = all.sum[query];
  float factor = 1;
  if (sink != nullptr) {
    const float greatest = std::max(*sink, all.greatest[query]);
    factor = exp_of(all.greatest[query] - greatest);
    sum = sum * factor + exp_of(*sink - greatest);
  }
  const float inverse = sum == 0 ? 0 : factor / sum;
  for (std::int64_t i = 0; i < value_size; ++i) out[i] = values[i] * inverse;
}

constexpr AttentionKernels kKernels = {attend, join, finish, cache_format};
const AttentionKernels& table() { return kKernels; }

}  // namespace
}  // namespace rocmforge::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rocmforge::cpu {

const AttentionKernels& attention_kernels(CpuTier tier) { return ROCMFORGE_CPU_PICK(table(), tier); }

}  // namespace rocmforge::cpu
#endif
