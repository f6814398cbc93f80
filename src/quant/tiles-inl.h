// Transposed blocks for encoders that process 16 groups of values at once, one group per lane. Every lane does what a
// scalar program would, in the same order, so the result has the same bits on every instruction set. Included once per
// Highway target.

#if defined(ROCMFORGE_QUANT_TILES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ROCMFORGE_QUANT_TILES_INL_H_
#undef ROCMFORGE_QUANT_TILES_INL_H_
#else
#define ROCMFORGE_QUANT_TILES_INL_H_
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace rocmforge::quant::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

inline constexpr int kTileGroups = 16;
using LaneTag = hn::CappedTag<float, kTileGroups>;
using Lanes = hn::Vec<LaneTag>;

inline HWY_ATTR int lane_count() { return static_cast<int>(hn::Lanes(LaneTag())); }
inline HWY_ATTR Lanes all(float x) { return hn::Set(LaneTag(), x); }

// Rounds to the nearest integer, ties to even. Requires |x| < 2^22.
inline HWY_ATTR Lanes round(Lanes x) { return (x + all(0x1.8p23f)) - all(0x1.8p23f); }
inline HWY_ATTR Lanes clamp(Lanes x, float low, float high) { return hn::Min(hn::Max(x, all(low)), all(high)); }
// Returns 1/x, or 0 if x is so small that a product with its inverse could overflow. The smallest half, the type of
// most scales, is far above this.
inline HWY_ATTR Lanes inverse_or_zero(Lanes x) {
  const auto zero = hn::Lt(hn::Abs(x), all(0x1p-100f));
  return hn::IfThenElse(zero, all(0), all(1) / hn::IfThenElse(zero, all(1), x));
}

// Stores quants from 0 to 255, computed by to_quant from values that are in a row, not transposed.
template <int kValues, typename ToQuant>
HWY_ATTR void store_quants(const float* values, std::uint8_t* quants, ToQuant to_quant) {
  const hn::RebindToUnsigned<LaneTag> int_tag;
  for (int j = 0; j < kValues; j += lane_count()) {
    // The sum has the integer in its lowest bits.
    const auto bits = hn::BitCast(int_tag, to_quant(hn::LoadU(LaneTag(), values + j)) + all(0x1p23f));
    hn::StoreU(hn::U8FromU32(hn::And(bits, hn::Set(int_tag, 255))), hn::Rebind<std::uint8_t, LaneTag>(), quants + j);
  }
}

// One float per group of a tile.
struct alignas(64) PerGroup {
  std::array<float, kTileGroups> of;

  HWY_ATTR Lanes load(int chunk) const { return hn::Load(LaneTag(), of.data() + chunk * lane_count()); }
  HWY_ATTR void store(int chunk, Lanes x) { hn::Store(x, LaneTag(), of.data() + chunk * lane_count()); }
};

// A chunk of a tile: as many groups as there are lanes. `weights` is nullptr if all weights are equal.
template <int kGroupValues>
struct Chunk {
  const float* values;
  const float* weights;

  HWY_ATTR Lanes x(int v) const { return hn::Load(LaneTag(), values + v * lane_count()); }
  HWY_ATTR Lanes w(int v) const {
    return weights == nullptr ? all(1) : hn::Load(LaneTag(), weights + v * lane_count());
  }
  // Returns `something` times the weight, or unchanged without weights.
  HWY_ATTR Lanes weighted(int v, Lanes something) const { return weights == nullptr ? something : w(v) * something; }
};

// The groups of a tile, transposed: value v of the groups in chunk c is a vector at [(c * group_values + v) * lanes].
template <int kGroupValues>
class Tile {
 public:
  // rows: consecutive groups. weights may be nullptr.
  Tile(const float* rows, const float* weights) : weighted_(weights != nullptr) {
    transpose(rows, values_);
    if (weighted_) transpose(weights, weights_);
  }

  static int chunks() { return kTileGroups / lane_count(); }
  Chunk<kGroupValues> chunk(int number) const {
    const int start = number * lane_count() * kGroupValues;
    return {values_ + start, weighted_ ? weights_ + start : nullptr};
  }

 private:
  static void transpose(const float* rows, float* out) {
    const int lanes = lane_count();
    for (int chunk = 0; chunk < chunks(); ++chunk) {
      for (int v = 0; v < kGroupValues; ++v) {
        for (int lane = 0; lane < lanes; ++lane) *out++ = rows[(chunk * lanes + lane) * kGroupValues + v];
      }
    }
  }

  alignas(64) float values_[kTileGroups * kGroupValues];
  alignas(64) float weights_[kTileGroups * kGroupValues];
  bool weighted_;
};

// A block without groups counts as one group.
template <typename Block>
inline constexpr int kGroupsOf = 1;
template <typename Block>
  requires requires { Block::kGroups; }
inline constexpr int kGroupsOf<Block> = Block::kGroups;

template <typename Block>
inline constexpr int kTileBlocks = kTileGroups / kGroupsOf<Block>;

// Calls encode_tile(values, weights, blocks, count) for as many blocks at a time as fill the lanes. It returns how many
// blocks it has encoded before the first that cannot hold its values. Values and weights of missing blocks are zeros.
template <typename Block, typename EncodeTile>
std::size_t encode_tiles(const float* values, const float* weights, std::byte* out, std::size_t count,
                         EncodeTile encode_tile) {
  constexpr std::size_t kBlocks = kTileBlocks<Block>;
  constexpr std::size_t kTileValues = kBlocks * Block::kValues;
  for (std::size_t first = 0; first < count; first += kBlocks) {
    const std::size_t here = std::min(kBlocks, count - first);
    const float* x = values + first * Block::kValues;
    const float* w = weights == nullptr ? nullptr : weights + first * Block::kValues;
    std::array<float, kTileValues> padded_x;
    std::array<float, kTileValues> padded_w;
    const auto pad = [here](const float* from, std::array<float, kTileValues>& padded) {
      std::fill(std::copy_n(from, here * Block::kValues, padded.begin()), padded.end(), 0.0f);
      return padded.data();
    };
    if (here < kBlocks) {
      x = pad(x, padded_x);
      if (w != nullptr) w = pad(w, padded_w);
    }
    auto* const blocks = reinterpret_cast<Block*>(out + first * sizeof(Block));
    const int encoded = encode_tile(x, w, blocks, static_cast<int>(here));
    if (encoded < static_cast<int>(here)) return first + static_cast<std::size_t>(encoded);
  }
  return count;
}

}  // namespace rocmforge::quant::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
