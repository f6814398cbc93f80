// Encoders of the formats whose blocks have groups with their own scales: the K formats and IQ4_XS.
//
// There are three steps: find the best scales for each group independently; choose the block's scale, to whose
// multiples they are rounded; then, because rounding a scale changes the best quants, try the neighbours of each
// rounded scale with the actual error.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "quant/k_quants_simd.cpp"
#include <hwy/foreach_target.h>

#include <cstddef>
#include <limits>

#include "quant/iq4_levels-inl.h"
#include "quant/iq4_xs.h"
#include "quant/q2_k.h"
#include "quant/q3_k.h"
#include "quant/q4_k.h"
#include "quant/q5_k.h"
#include "quant/q6_k.h"
#include "quant/scale_search-inl.h"
#include "quant/search_encoders-inl.h"
#include "quant/tiles-inl.h"

HWY_BEFORE_NAMESPACE();
namespace rocmforge::quant::HWY_NAMESPACE {

// ---- x is about block scale * group scale * q ----

// The group scales as integers, and the block's scale of each group.
struct ScaleChoice {
  PerGroup block_scale;
  PerGroup group_scale;
};

// Chooses the block's scale so that the group scale that is farthest from zero becomes the lowest integer.
inline bool choose_block_scale(const PerGroup& wanted, int first, int groups, int levels, ScaleChoice& choice,
                               Half& stored) {
  stored = scale_to_half(range_of(std::span(&wanted.of[first], groups)).extreme() / static_cast<float>(-levels));
  if (!is_finite(stored)) return false;
  const float scale = to_float(stored);
  const float inverse = quant::inverse_or_zero(scale);
  for (int group = first; group < first + groups; ++group) {
    choice.block_scale.of[group] = scale;
    choice.group_scale.of[group] = static_cast<float>(clamped_nearest(wanted.of[group] * inverse, -levels, levels - 1));
  }
  return true;
}

template <typename Levels, int kGroupValues>
HWY_ATTR void try_neighbours(const Chunk<kGroupValues>& chunk, int number, int levels, ScaleChoice& choice) {
  const Lanes block_scale = choice.block_scale.load(number);
  const Lanes middle = choice.group_scale.load(number);
  Lanes best = middle;
  Lanes best_error = error_of<Levels>(chunk, block_scale * middle);
  for (const float step : {-1.0f, 1.0f}) {
    const Lanes candidate = clamp(middle + all(step), static_cast<float>(-levels), static_cast<float>(levels - 1));
    const Lanes error = error_of<Levels>(chunk, block_scale * candidate);
    const auto better = hn::Lt(error, best_error);
    best = hn::IfThenElse(better, candidate, best);
    best_error = hn::IfThenElse(better, error, best_error);
  }
  choice.group_scale.store(number, best);
}

// Encodes a tile of blocks. Returns how many blocks were encoded before the first that cannot hold its values.
template <typename Block, typename Parts, typename Levels>
HWY_ATTR int encode_scaled_tile(const float* values, const float* weights, SearchRange range, Block* blocks,
                                int block_count) {
  const Tile<Block::kGroupValues> tile(values, weights);
  PerGroup wanted;
  for (int c = 0; c < tile.chunks(); ++c) wanted.store(c, search_scale<Levels>(tile.chunk(c), range));

  ScaleChoice choice;
  std::array<Half, kTileBlocks<Block>> scales;
  for (int b = 0; b < kTileBlocks<Block>; ++b) {
    const bool sound =
        choose_block_scale(wanted, b * Block::kGroups, Block::kGroups, Block::kScaleLevels, choice, scales[b]);
    if (!sound && b < block_count) return b;
  }
  for (int c = 0; c < tile.chunks(); ++c) try_neighbours<Levels>(tile.chunk(c), c, Block::kScaleLevels, choice);

  for (int b = 0; b < block_count; ++b) {
    Parts parts;
    parts.scale = scales[b];
    for (int group = 0; group < Block::kGroups; ++group) {
      const float group_scale = choice.group_scale.of[b * Block::kGroups + group];
      const float inverse = quant::inverse_or_zero(to_float(scales[b]) * group_scale);
      parts.group_scale[group] = static_cast<std::int8_t>(group_scale);
      const int first = group * Block::kGroupValues;
      store_quants<Block::kGroupValues>(values + b * Block::kValues + first, &parts.quants[first],
                                        [=](Lanes x) HWY_ATTR { return Levels::stored(x * all(inverse)); });
    }
    pack(parts, blocks[b]);
  }
  return block_count;
}

// ---- x is about block scale * group scale * q - block minimum * group minimum ----

struct AffineChoice {
  PerGroup block_scale;
  PerGroup block_minimum;
  PerGroup group_scale;
  PerGroup group_minimum;
};

// Rounds nonnegative numbers to multiples of a half-precision number and returns that number.
inline Half round_to_shared(const PerGroup& wanted, int first, int groups, int greatest, PerGroup& shared,
                            PerGroup& multiple) {
  const float top = range_of(std::span(&wanted.of[first], groups)).high;
  const Half stored = scale_to_half(top / static_cast<float>(greatest));
  const float unit = to_float(stored);
  const float inverse = is_finite(stored) ? quant::inverse_or_zero(unit) : 0.0f;
  for (int group = first; group < first + groups; ++group) {
    shared.of[group] = unit;
    multiple.of[group] = static_cast<float>(clamped_nearest(wanted.of[group] * inverse, 0, greatest));
  }
  return stored;
}

// Tries each of three scales with the rounded minimum, and with the multiple of the minimum that best suits the scale's
// own quants. The error with the latter follows without rounding to quants again, which could only reduce it.
template <int kGroupValues>
HWY_ATTR void try_neighbours(const Chunk<kGroupValues>& chunk, int number, int max_quant, int greatest,
                             AffineChoice& choice) {
  const Lanes block_scale = choice.block_scale.load(number);
  const Lanes block_minimum = choice.block_minimum.load(number);
  const Lanes per_minimum = inverse_or_zero(block_minimum);
  const Lanes middle = choice.group_scale.load(number);
  const Lanes minimum = choice.group_minimum.load(number);
  const Lanes weight = weight_of(chunk);
  const Lanes per_weight = inverse_or_zero(weight);
  Lanes best_scale = middle;
  Lanes best_minimum = minimum;
  Lanes best_error = all(std::numeric_limits<float>::infinity());
  const auto keep_better = [&](Lanes scale, Lanes its_minimum, Lanes error) HWY_ATTR {
    const auto better = hn::Lt(error, best_error);
    best_scale = hn::IfThenElse(better, scale, best_scale);
    best_minimum = hn::IfThenElse(better, its_minimum, best_minimum);
    best_error = hn::IfThenElse(better, error, best_error);
  };
  for (const float step : {0.0f, -1.0f, 1.0f}) {
    const Lanes scale = clamp(middle + all(step), 0, static_cast<float>(greatest));
    const AffineError probe = error_of(chunk, AffineFit{block_scale * scale, block_minimum * minimum}, max_quant);
    keep_better(scale, minimum, probe.error);
    const Lanes more = probe.excess * per_weight * per_minimum;
    const Lanes suited = round(clamp(minimum + more, 0, static_cast<float>(greatest)));
    const Lanes added = (suited - minimum) * block_minimum;
    keep_better(scale, suited, probe.error + added * (added * weight - all(2) * probe.excess));
  }
  choice.group_scale.store(number, best_scale);
  choice.group_minimum.store(number, best_minimum);
}

template <typename Block, typename Parts>
HWY_ATTR int encode_affine_tile(const float* values, const float* weights, SearchRange range, Block* blocks,
                                int block_count) {
  constexpr int kGroups = Block::kGroups;
  const Tile<Block::kGroupValues> tile(values, weights);
  PerGroup wanted_scale;
  PerGroup wanted_minimum;
  for (int c = 0; c < tile.chunks(); ++c) {
    const AffineFit fit = search_affine<MinimumSign::kNotNegative>(tile.chunk(c), Block::kMaxQuant, range);
    wanted_scale.store(c, fit.scale);
    wanted_minimum.store(c, fit.minimum);
  }

  AffineChoice choice;
  std::array<Parts, kTileBlocks<Block>> parts;
  for (int b = 0; b < kTileBlocks<Block>; ++b) {
    parts[b].scale =
        round_to_shared(wanted_scale, b * kGroups, kGroups, Block::kMaxScale, choice.block_scale, choice.group_scale);
    parts[b].minimum = round_to_shared(wanted_minimum, b * kGroups, kGroups, Block::kMaxScale, choice.block_minimum,
                                       choice.group_minimum);
    if (b < block_count && (!is_finite(parts[b].scale) || !is_finite(parts[b].minimum))) return b;
  }
  for (int c = 0; c < tile.chunks(); ++c) try_neighbours(tile.chunk(c), c, Block::kMaxQuant, Block::kMaxScale, choice);

  for (int b = 0; b < block_count; ++b) {
    for (int group = 0; group < kGroups; ++group) {
      const float scale = choice.group_scale.of[b * kGroups + group];
      const float minimum = choice.group_minimum.of[b * kGroups + group];
      parts[b].group_scale[group] = static_cast<std::uint8_t>(scale);
      parts[b].group_minimum[group] = static_cast<std::uint8_t>(minimum);
      const float inverse = quant::inverse_or_zero(to_float(parts[b].scale) * scale);
      const float start = to_float(parts[b].minimum) * minimum;
      const int first = group * Block::kGroupValues;
      store_quants<Block::kGroupValues>(
          values + b * Block::kValues + first, &parts[b].quants[first],
          [=](Lanes x) HWY_ATTR { return round(clamp((x + all(start)) * all(inverse), 0, Block::kMaxQuant)); });
    }
    pack(parts[b], blocks[b]);
  }
  return block_count;
}

// ---- Rows ----

template <typename Block, typename Parts, typename Levels>
std::size_t encode_scaled(const float* values, const float* weights, SearchRange range, std::byte* out,
                          std::size_t count) {
  return encode_tiles<Block>(values, weights, out, count, [&](const float* x, const float* w, Block* blocks, int here) {
    return encode_scaled_tile<Block, Parts, Levels>(x, w, range, blocks, here);
  });
}

template <typename Block, typename Parts>
std::size_t encode_affine(const float* values, const float* weights, SearchRange range, std::byte* out,
                          std::size_t count) {
  return encode_tiles<Block>(values, weights, out, count, [&](const float* x, const float* w, Block* blocks, int here) {
    return encode_affine_tile<Block, Parts>(x, w, range, blocks, here);
  });
}

// The ranges were found by experiment on normally distributed values: another step gains 0.1 % to 0.2 %. Steps that are
// far apart find better scales than steps close together: how well a few values happen to meet the levels matters more
// than the best position of the ends.
std::size_t encode_q2_k(const float* values, const float* weights, std::byte* blocks, std::size_t count) {
  return encode_affine<BlockQ2_K, PartsQ2_K>(values, weights, {-4, 6, 0.15f, 1}, blocks, count);
}
std::size_t encode_q3_k(const float* values, const float* weights, std::byte* blocks, std::size_t count) {
  return encode_scaled<BlockQ3_K, PartsQ3_K, IntegerLevels<-4, 3>>(values, weights, {-5, 4, 0.25f, 0}, blocks, count);
}
std::size_t encode_q4_k(const float* values, const float* weights, std::byte* blocks, std::size_t count) {
  return encode_affine<BlockQ4_K, PartsQ4_K>(values, weights, {-5, 2, 0.35f, 1}, blocks, count);
}
std::size_t encode_q5_k(const float* values, const float* weights, std::byte* blocks, std::size_t count) {
  return encode_affine<BlockQ5_K, PartsQ5_K>(values, weights, {-6, 1, 0.5f, 1}, blocks, count);
}
std::size_t encode_q6_k(const float* values, const float* weights, std::byte* blocks, std::size_t count) {
  return encode_scaled<BlockQ6_K, PartsQ6_K, IntegerLevels<-32, 31>>(values, weights, {-9, 0, 0.5f, 0}, blocks, count);
}
std::size_t encode_iq4_xs(const float* values, const float* weights, std::byte* blocks, std::size_t count) {
  return encode_scaled<BlockIQ4_XS, PartsIQ4_XS, Iq4Levels>(values, weights, {-5, 4, 4, 0}, blocks, count);
}

}  // namespace rocmforge::quant::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
