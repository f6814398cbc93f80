#include "backends/cpu/kernels/attention.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/kernels/attention.cpp"
#include <hwy/foreach_target.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>

#include "backends/cpu/kernels/cached_rows-inl.h"
#include "backends/cpu/kernels/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace rocmforge::cpu::HWY_NAMESPACE {
namespace {

inline constexpr float kNothing = -std::numeric_limits<float>::infinity();

// ---- Logits ----

#if ROCMFORGE_CPU_REAL_VECTORS

// logits[g][0..3] = query g times four adjacent keys, for kCount queries.
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

// Computes the logits of all queries with the slots [first, end) of the tile. Logits of some slots around them are also
// written, but never read.
HWY_ATTR void tile_logits(const AttentionCut& cut, const Tile& tile, std::int32_t first, std::int32_t end,
                          float* logits) {
  const std::int64_t stride = cut.query_stride;
  const std::int64_t size = padded_head(cut.key_size);
  for (std::int32_t p = first / 4 * 4; p < end; p += 4) {
    int g = 0;
    for (; g + 2 <= cut.count; g += 2) {
      four_logits<2>(cut.queries + g * stride, stride, tile.row(p), tile.stride, size, logits + g * kCutPositions + p);
    }
    if (g < cut.count) {
      four_logits<1>(cut.queries + g * stride, stride, tile.row(p), tile.stride, size, logits + g * kCutPositions + p);
    }
  }
}

// ---- Softmax ----

// Returns which of the cut's positions from `first` (a multiple of the lanes) on are visible.
template <typename Tag>
HWY_ATTR hn::Mask<Tag> visible_lanes(Tag tag, const VisibleRange& range, std::int32_t first) {
  const auto lane = hn::Iota(tag, static_cast<float>(first));
  const auto visible = hn::And(hn::Ge(lane, hn::Set(tag, static_cast<float>(range.first))),
                               hn::Lt(lane, hn::Set(tag, static_cast<float>(range.end))));
  if (range.selected == nullptr) return visible;
  const std::uint64_t bits = range.selected[first / 32] >> (first % 32);
  std::array<std::uint8_t, 8> bytes;
  std::memcpy(bytes.data(), &bits, bytes.size());
  return hn::And(visible, hn::LoadMaskBits(tag, bytes.data()));
}

// Returns what the distance from the query adds to the logits of the cut's positions from `first` on.
template <typename Tag>
HWY_ATTR hn::Vec<Tag> distance_bias(Tag tag, const AttentionCut& cut, const VisibleRange& range, std::int32_t first) {
  const auto distance = hn::Iota(tag, static_cast<float>(first - range.position));
  const auto bias = hn::Neg(hn::Set(tag, range.slope) * hn::Abs(distance));
  if (range.distance_bias == nullptr) return bias;
  const hn::RebindToSigned<Tag> int_tag;
  const auto reach = hn::Set(int_tag, cut.distance_reach);
  const auto limited = hn::Max(hn::Neg(reach), hn::Min(reach, hn::Iota(int_tag, first - range.position)));
  return bias + hn::GatherIndex(tag, range.distance_bias, limited + reach);
}

// Replaces the cut's logits by their exponentials, 0 for positions that the query does not see, and returns the
// greatest logit and the sum. Lanes correspond to the cut's positions, so positions that are not visible do not change
// the sum.
HWY_ATTR void weigh(const AttentionCut& cut, const VisibleRange& range, float* logits, float& greatest_out,
                    float& sum_out) {
  const AnyTag tag;
  const auto lanes = static_cast<std::int32_t>(hn::Lanes(tag));
  const bool has_bias = range.slope != 0 || range.distance_bias != nullptr;
  greatest_out = kNothing;
  sum_out = 0;
  if (range.first < range.end) {
    auto greatest = hn::Set(tag, kNothing);
    const std::int32_t from = range.first / lanes * lanes;
    for (std::int32_t p = from; p < range.end; p += lanes) {
      auto logit = hn::LoadU(tag, logits + p) * hn::Set(tag, cut.scale);
      if (cut.soft_cap > 0) logit = hn::Set(tag, cut.soft_cap) * tanh(logit / hn::Set(tag, cut.soft_cap));
      if (has_bias) logit = logit + distance_bias(tag, cut, range, p);
      logit = hn::IfThenElse(visible_lanes(tag, range, p), logit, hn::Set(tag, kNothing));
      greatest = hn::Max(greatest, logit);
      hn::StoreU(logit, tag, logits + p);
    }
    greatest_out = hn::GetLane(hn::MaxOfLanes(tag, greatest));
    auto sum = hn::Zero(tag);
    for (std::int32_t p = from; p < range.end; p += lanes) {
      const auto below = hn::LoadU(tag, logits + p) - hn::Set(tag, greatest_out);
      const auto weight = hn::IfThenElseZero(visible_lanes(tag, range, p), exp(below));
      sum = sum + weight;
      hn::StoreU(weight, tag, logits + p);
    }
    sum_out = hn::GetLane(hn::SumOfLanes(tag, sum));
  }
  std::fill(logits, logits + std::max(range.first, 0), 0.0f);
  std::fill(logits + std::max(range.end, range.first), logits + kCutPositions, 0.0f);
}

// ---- Values ----

// values[g] += weights[g][p] * value p, for the slots p of the tile in order, for kCount queries.
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

using Chosen = std::array<std::int32_t, kCutPositions>;

// Returns the positions of the cut that at least one query selects and sees.
Slots chosen_slots(const AttentionCut& cut, Chosen& chosen) {
  Slots slots{0, 0, chosen.data()};
  for (std::int32_t word = 0; word < kCutPositions / 32; ++word) {
    std::uint32_t bits = 0;
    for (int g = 0; g < cut.count; ++g) {
      const VisibleRange& range = cut.visible[g];
      const std::int32_t first = std::clamp(range.first - 32 * word, 0, 32);
      const std::int32_t end = std::clamp(range.end - 32 * word, 0, 32);
      if (first >= end) continue;  // the word may not exist
      bits |= range.selected[word] & (~0u >> (32 - (end - first)) << first);
    }
    for (; bits != 0; bits &= bits - 1)
      chosen[static_cast<std::size_t>(slots.end++)] = 32 * word + std::countr_zero(bits);
  }
  return slots;
}

// Returns the slots to load for all queries. Either all queries have a selection or none has.
Slots slots_of(const AttentionCut& cut, Chosen& chosen) {
  if (cut.visible[0].selected != nullptr) return chosen_slots(cut, chosen);
  Slots slots{kCutPositions, 0};
  for (int g = 0; g < cut.count; ++g) {
    if (cut.visible[g].first >= cut.visible[g].end) continue;
    slots.first = std::min(slots.first, cut.visible[g].first);
    slots.end = std::max(slots.end, cut.visible[g].end);
  }
  return slots;
}

// Computes the softmax of logits that are stored by slot. The softmax needs them by position, so that its sums do not
// depend on which other positions are loaded; afterwards the weights are moved back to their slots. A slot is never
// greater than its position, so both moves work in place.
void weigh_slots(const AttentionCut& cut, const Slots& slots, int query, float* logits, const PartialSoftmax& out) {
  if (slots.chosen == nullptr) {
    weigh(cut, cut.visible[query], logits, out.greatest[query], out.sum[query]);
    return;
  }
  for (std::int32_t slot = slots.end; slot-- > 0;) logits[slots.chosen[slot]] = logits[slot];
  weigh(cut, cut.visible[query], logits, out.greatest[query], out.sum[query]);
  for (std::int32_t slot = 0; slot < slots.end; ++slot) logits[slot] = logits[slots.chosen[slot]];
}

// Returns the tile, which follows the logits in the scratch memory.
Tile tile_of(float* logits, std::int64_t size) {
  return {logits + kCutQueries * kCutPositions, (padded_head(size) + 31) / 32 * 32};
}

HWY_ATTR void attend(const AttentionCut& cut, const PartialSoftmax& out, std::byte* scratch) {
  auto* const logits = reinterpret_cast<float*>(scratch);  // [query, kCutPositions]
  Chosen chosen;
  const Slots slots = slots_of(cut, chosen);
  if (slots.first >= slots.end) {
    std::fill_n(out.sum, cut.count, 0.0f);
    return;
  }

  const Tile keys = tile_of(logits, cut.key_size);
  for_each_tile(slots, [&](std::int32_t first, std::int32_t end) HWY_ATTR {
    load_tile(cut, cut.keys, true, slots, first, end, keys);
    tile_logits(cut, keys, first, end, logits);
  });
  for (int g = 0; g < cut.count; ++g) weigh_slots(cut, slots, g, logits + g * kCutPositions, out);

  const bool in_keys = cut.cache->values == nullptr;
  const CacheFormat& format = in_keys ? cut.keys : cut.values;
  const Tile values = tile_of(logits, in_keys ? cut.key_size : cut.value_size);
  std::fill_n(out.values, cut.count * padded_head(cut.value_size), 0.0f);
  for_each_tile(slots, [&](std::int32_t first, std::int32_t end) HWY_ATTR {
    load_tile(cut, format, in_keys, slots, first, end, values);
    tile_values(cut, values, first, end, logits, out.values);
  });
}

// ---- Scores of sparse attention ----

// Adds query after query, so that the order of a score's sum depends only on the queries.
HWY_ATTR void score(const AttentionCut& cut, std::int32_t end, const float* weights, float* scores,
                    std::byte* scratch) {
  const AnyTag tag;
  const auto lanes = static_cast<std::int32_t>(hn::Lanes(tag));
  auto* const logits = reinterpret_cast<float*>(scratch);  // [query, kCutPositions]
  const Slots slots{0, end};
  const Tile keys = tile_of(logits, cut.key_size);
  for_each_tile(slots, [&](std::int32_t first, std::int32_t last) HWY_ATTR {
    load_tile(cut, cut.keys, true, slots, first, last, keys);
    tile_logits(cut, keys, first, last, logits);
  });
  for (std::int32_t p = 0; p < end; p += lanes) {
    auto sum = hn::LoadU(tag, scores + p);
    for (int g = 0; g < cut.count; ++g) {
      const auto match = hn::Max(hn::Zero(tag), hn::LoadU(tag, logits + g * kCutPositions + p));
      sum = hn::MulAdd(hn::Set(tag, weights[g]), match, sum);
    }
    hn::StoreU(sum, tag, scores + p);
  }
}

// ---- Cuts together ----

HWY_ATTR float exp_of(float x) { return hn::GetLane(exp(hn::Set(AnyTag(), x))); }

// Rescales both partial results to the greater of their greatest logits and adds them.
HWY_ATTR void join(const PartialSoftmax& later, const PartialSoftmax& all, int query, std::int64_t value_size) {
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

HWY_ATTR void finish(const PartialSoftmax& all, int query, std::int64_t value_size, const float* sink, float* out) {
  float sum = all.sum[query];
  if (sum == 0) {  // the query saw no position
    std::fill_n(out, value_size, 0.0f);
    return;
  }
  const float* const values = all.values + query * padded_head(value_size);
  float factor = 1;
  if (sink != nullptr) {
    const float greatest = std::max(*sink, all.greatest[query]);
    factor = exp_of(all.greatest[query] - greatest);
    sum = sum * factor + exp_of(*sink - greatest);
  }
  const float inverse = factor / sum;
  for (std::int64_t i = 0; i < value_size; ++i) out[i] = values[i] * inverse;
}

constexpr AttentionKernels kKernels = {attend, join, finish, score, cache_format};
const AttentionKernels& table() { return kKernels; }

}  // namespace
}  // namespace rocmforge::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rocmforge::cpu {

const AttentionKernels& attention_kernels(CpuTier tier) { return ROCMFORGE_CPU_PICK(table(), tier); }

}  // namespace rocmforge::cpu
#endif
