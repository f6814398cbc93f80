// Converts keys and values of the paged cache to floats, one tile at a time. Included once per Highway target.

#if defined(ROCMFORGE_CPU_CACHED_ROWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ROCMFORGE_CPU_CACHED_ROWS_INL_H_
#undef ROCMFORGE_CPU_CACHED_ROWS_INL_H_
#else
#define ROCMFORGE_CPU_CACHED_ROWS_INL_H_
#endif

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "backends/cpu/kernels/attention.h"
#include "backends/cpu/kernels/target-inl.h"
#include "base/float_formats.h"

HWY_BEFORE_NAMESPACE();
namespace rocmforge::cpu::HWY_NAMESPACE {
namespace {

inline void copy_floats(const std::byte* row, std::int64_t count, float* out) {
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

inline CacheFormat cache_format(const quant::Format& format, std::int64_t size, CpuTier tier) {
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

// The positions of a cut that are loaded, in order. Slot s is position s or, if only some positions are chosen,
// chosen[s].
struct Slots {
  std::int32_t first = 0;
  std::int32_t end = 0;
  const std::int32_t* chosen = nullptr;

  std::int32_t position(std::int32_t slot) const { return chosen == nullptr ? slot : chosen[slot]; }
};

// A tile of keys or values as floats: [slot, stride], rows padded with zeros.
struct Tile {
  float* values;
  std::int64_t stride;

  float* row(std::int32_t slot) const { return values + slot % kTilePositions * stride; }
};

// Loads the slots [first, end) of the cut. Requires: all belong to one tile.
HWY_ATTR inline void load_tile(const AttentionCut& cut, const CacheFormat& format, bool are_keys, const Slots& slots,
                               std::int32_t first, std::int32_t end, const Tile& tile) {
  const ops::PagedKvView& cache = *cut.cache;
  for (std::int32_t slot = first; slot < end; ++slot) {
    const std::int32_t position = cut.first_position + slots.position(slot);
    const std::int32_t block = cut.block_table[position / cache.block_tokens];
    const std::byte* rows = are_keys ? cache.key_rows(block, cut.kv_head) : cache.value_rows(block, cut.kv_head);
    const std::byte* row = rows + position % cache.block_tokens * format.row_bytes;
    float* const out = tile.row(slot);
    if (format.plain != nullptr) {
      format.plain(row, format.size, out);
      std::fill(out + format.size, out + tile.stride, 0.0f);
    } else {
      // Stored rows are padded to 32 with zeros.
      format.codec->decode(row, out, static_cast<std::size_t>(format.row_blocks));
    }
  }
}

// Calls function(first, end) for the slots of each tile.
template <typename Function>
HWY_ATTR void for_each_tile(const Slots& slots, Function function) {
  for (std::int32_t first = slots.first; first < slots.end;) {
    const std::int32_t end = std::min(slots.end, (first / kTilePositions + 1) * kTilePositions);
    function(first, end);
    first = end;
  }
}

}  // namespace
}  // namespace rocmforge::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
