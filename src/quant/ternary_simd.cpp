// Encoders of Q1_0, TQ1_0 and TQ2_0, whose values are 0 (ternary formats only) or plus or minus the block's scale.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "quant/ternary_simd.cpp"
#include <hwy/foreach_target.h>

#include <hwy/highway.h>

#include <cstddef>

#include "quant/q1_0.h"
#include "quant/search_encoders-inl.h"
#include "quant/tiles-inl.h"
#include "quant/tq1_0.h"
#include "quant/tq2_0.h"

HWY_BEFORE_NAMESPACE();
namespace rocmforge::quant::HWY_NAMESPACE {

// The number of magnitudes above a threshold, and their sum.
struct Above {
  float count;
  float sum;
};

// Uses 16 partial sums whatever the number of lanes, so that the order of additions is the same everywhere.
template <std::size_t kValues>
HWY_ATTR Above above(Values<kValues> values, float threshold) {
  PerGroup counts;
  PerGroup sums;
  for (int c = 0; c < kTileGroups / lane_count(); ++c) {
    Lanes count = all(0);
    Lanes sum = all(0);
    for (std::size_t first = 0; first < kValues; first += kTileGroups) {
      const Lanes x = hn::Abs(hn::LoadU(LaneTag(), &values[first] + c * lane_count()));
      const auto is_above = hn::Gt(x, all(threshold));
      count = count + hn::IfThenElseZero(is_above, all(1));
      sum = sum + hn::IfThenElseZero(is_above, x);
    }
    counts.store(c, count);
    sums.store(c, sum);
  }
  return {sum(counts.of), sum(sums.of)};
}

// Returns the scale of least squared error. For a fixed scale, values beyond half of it become plus or minus one; for
// fixed signs, the best scale is the mean magnitude of these values. So thresholds are tried, and finally half of the
// best scale. A block that is already ternary keeps its scale.
HWY_ATTR float best_ternary_scale(Values<256> values) {
  float threshold = 0.9f * greatest_magnitude(values);
  float best_scale = 0;
  float best_gain = 0;  // reduction of the squared error compared with all zeros
  const auto try_threshold = [&](float tried) HWY_ATTR {
    const Above found = above<256>(values, tried);
    if (found.count == 0) return;
    const float scale = found.sum / found.count;
    if (found.sum * scale > best_gain) {
      best_gain = found.sum * scale;
      best_scale = scale;
    }
  };
  // Thresholds down to 1/30 of the greatest magnitude. If the best scale were so small, all 255 other values together
  // would gain less than the greatest value alone.
  for (int step = 0; step < 16; ++step) {
    try_threshold(threshold);
    threshold *= 0.8f;
  }
  try_threshold(0.5f * best_scale);
  return best_scale;
}

template <typename Block>
HWY_ATTR std::size_t encode_ternary(const float* values, std::byte* out, std::size_t count) {
  for (std::size_t b = 0; b < count; ++b) {
    const Values<256> x(values + 256 * b, 256);
    if (!encode_with_scale(x, best_ternary_scale(x), *reinterpret_cast<Block*>(out + b * sizeof(Block)))) return b;
  }
  return count;
}

std::size_t encode_tq1_0(const float* values, const float*, std::byte* blocks, std::size_t count) {
  return encode_ternary<BlockTQ1_0>(values, blocks, count);
}
std::size_t encode_tq2_0(const float* values, const float*, std::byte* blocks, std::size_t count) {
  return encode_ternary<BlockTQ2_0>(values, blocks, count);
}

// The mean magnitude gives the least squared error.
HWY_ATTR std::size_t encode_q1_0(const float* values, const float*, std::byte* out, std::size_t count) {
  for (std::size_t b = 0; b < count; ++b) {
    const Values<128> x(values + 128 * b, 128);
    auto& block = *reinterpret_cast<BlockQ1_0*>(out + b * sizeof(BlockQ1_0));
    block.scale = scale_to_half(above<128>(x, -1).sum / 128);
    if (!is_finite(block.scale)) return b;
    pack_signs(x, block);
  }
  return count;
}

}  // namespace rocmforge::quant::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
