// Encoders that search for the scale of blocks without groups, 16 blocks at a time: always for IQ4_NL and Q2_0, and
// with error weights for the simple formats.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "quant/small_blocks_simd.cpp"
#include <hwy/foreach_target.h>

#include <cstddef>

#include "quant/iq4_levels-inl.h"
#include "quant/iq4_nl.h"
#include "quant/q2_0.h"
#include "quant/q4_0.h"
#include "quant/q4_1.h"
#include "quant/q5_0.h"
#include "quant/q5_1.h"
#include "quant/scale_search-inl.h"
#include "quant/search_encoders-inl.h"
#include "quant/tiles-inl.h"

HWY_BEFORE_NAMESPACE();
namespace rocmforge::quant::HWY_NAMESPACE {

template <typename Block>
Values<Block::kValues> values_of(const float* tile, int block) {
  return Values<Block::kValues>(tile + block * Block::kValues, Block::kValues);
}

HWY_ATTR bool encode_with_scale(Values<32> values, float scale, BlockIQ4_NL& block) {
  block.scale = scale_to_half(scale);
  if (!is_finite(block.scale)) return false;
  const float inverse = quant::inverse_or_zero(to_float(block.scale));
  std::array<std::uint8_t, 32> levels;
  store_quants<32>(values.data(), levels.data(), [=](Lanes x) HWY_ATTR { return Iq4Levels::stored(x * all(inverse)); });
  pack_nibbles(levels, block.nibbles);
  return true;
}

template <typename Block, typename Levels>
std::size_t encode_scaled(const float* values, const float* weights, SearchRange range, std::byte* out,
                          std::size_t count) {
  const auto encode_tile = [range](const float* x, const float* w, Block* blocks, int here) HWY_ATTR {
    const Tile<Block::kValues> tile(x, w);
    PerGroup scale;
    for (int c = 0; c < tile.chunks(); ++c) scale.store(c, search_scale<Levels>(tile.chunk(c), range));
    for (int b = 0; b < here; ++b) {
      if (!encode_with_scale(values_of<Block>(x, b), scale.of[b], blocks[b])) return b;
    }
    return here;
  };
  return encode_tiles<Block>(values, weights, out, count, encode_tile);
}

template <typename Block>
std::size_t encode_affine(const float* values, const float* weights, SearchRange range, std::byte* out,
                          std::size_t count) {
  const auto encode_tile = [range](const float* x, const float* w, Block* blocks, int here) HWY_ATTR {
    const Tile<Block::kValues> tile(x, w);
    PerGroup scale;
    PerGroup minimum;
    for (int c = 0; c < tile.chunks(); ++c) {
      const AffineFit fit = search_affine<MinimumSign::kAny>(tile.chunk(c), Block::kMaxQuant, range);
      scale.store(c, fit.scale);
      minimum.store(c, fit.minimum);
    }
    for (int b = 0; b < here; ++b) {
      if (!encode_with_scale(values_of<Block>(x, b), scale.of[b], -minimum.of[b], blocks[b])) return b;
    }
    return here;
  };
  return encode_tiles<Block>(values, weights, out, count, encode_tile);
}

std::size_t encode_q4_0_weighted(const float* values, const float* weights, std::byte* blocks, std::size_t count) {
  return encode_scaled<BlockQ4_0, IntegerLevels<-8, 7>>(values, weights, {-5, 4, 0.3f, 0}, blocks, count);
}
std::size_t encode_q5_0_weighted(const float* values, const float* weights, std::byte* blocks, std::size_t count) {
  return encode_scaled<BlockQ5_0, IntegerLevels<-16, 15>>(values, weights, {-5, 4, 0.3f, 0}, blocks, count);
}
std::size_t encode_q4_1_weighted(const float* values, const float* weights, std::byte* blocks, std::size_t count) {
  return encode_affine<BlockQ4_1>(values, weights, {-5, 2, 0.35f, 1}, blocks, count);
}
std::size_t encode_q5_1_weighted(const float* values, const float* weights, std::byte* blocks, std::size_t count) {
  return encode_affine<BlockQ5_1>(values, weights, {-5, 2, 0.35f, 1}, blocks, count);
}
std::size_t encode_iq4_nl(const float* values, const float* weights, std::byte* blocks, std::size_t count) {
  return encode_scaled<BlockIQ4_NL, Iq4Levels>(values, weights, {-5, 4, 4, 0}, blocks, count);
}
// The range covers scales for which the greatest magnitude is from less than 1 to more than 2 times the scale, on
// either side.
std::size_t encode_q2_0(const float* values, const float* weights, std::byte* blocks, std::size_t count) {
  return encode_scaled<BlockQ2_0, IntegerLevels<-1, 2>>(values, weights, {-9, 4, 0.15f, 3}, blocks, count);
}

}  // namespace rocmforge::quant::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
