// Encoders of the IQ formats whose values are points of a grid: IQ2_S, IQ3_XXS and IQ3_S.
//
// As for the K formats there are three steps: find the best scale for each group independently; choose the block's
// scale, which makes the group scales odd multiples of a unit; then choose the points for the nearest multiples, with
// the actual error. For each scale that is tried, the nearest point is searched among the neighbours of the rounded
// values, one neighbour per lane.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "quant/iq_grids_simd.cpp"
#include <hwy/foreach_target.h>

#include <hwy/highway.h>

#include <cstddef>
#include <limits>

#include "quant/grid_neighbours.h"
#include "quant/iq2_s.h"
#include "quant/iq3_s.h"
#include "quant/iq3_xxs.h"
#include "quant/search_encoders-inl.h"

HWY_BEFORE_NAMESPACE();
namespace rocmforge::quant::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// A group's scale is unit * (2n + 1), n from 0 to 15. kUnit is the format's factor of the stored half.
struct GridIQ2_S {
  using Block = BlockIQ2_S;
  static constexpr int kDimensions = 8;
  static constexpr std::array kLevels = kIq2Levels;
  static constexpr float kUnit = 0.125f;
  static const auto& neighbours() { return iq2_s_neighbours(); }
};
struct GridIQ3_XXS {
  using Block = BlockIQ3_XXS;
  static constexpr int kDimensions = 4;
  static constexpr std::array kLevels = kIq3XxsLevels;
  static constexpr float kUnit = 0.25f;
  static const auto& neighbours() { return iq3_xxs_neighbours(); }
};
struct GridIQ3_S {
  using Block = BlockIQ3_S;
  static constexpr int kDimensions = 4;
  static constexpr std::array kLevels = kIq3SLevels;
  static constexpr float kUnit = 1;
  static const auto& neighbours() { return iq3_s_neighbours(); }
};

template <typename Grid>
inline constexpr int kPointsPerGroup = Grid::Block::kGroupValues / Grid::kDimensions;

// The magnitudes of a group, their error weights, and the products of both.
template <typename Grid>
struct Group {
  static constexpr int kValues = Grid::Block::kGroupValues;
  const float* magnitudes;
  const float* weights;
  std::array<float, kValues> weighted;
};

// The fit of a point: the sums over its dimensions of weight * magnitude * coordinate and of weight * coordinate².
struct PointFit {
  std::uint16_t point;
  float product;
  float square;
};

// Returns the neighbour with the least weighted squared distance to the scaled magnitudes.
template <int kDimensions>
HWY_INLINE HWY_ATTR PointFit nearest_of(const Neighbours<kDimensions>& neighbours, const float* weighted,
                                        const float* weights, float inverse) {
  using Tag = hn::CappedTag<float, kNeighbours>;
  const hn::Rebind<std::int32_t, Tag> int_tag;
  const hn::Rebind<std::uint8_t, Tag> byte_tag;
  const int lanes = static_cast<int>(hn::Lanes(Tag()));
  alignas(64) std::array<float, kNeighbours> products;
  alignas(64) std::array<float, kNeighbours> squares;
  alignas(64) std::array<float, kNeighbours> distances;
  auto least = hn::Set(Tag(), std::numeric_limits<float>::infinity());
  for (int n = 0; n < kNeighbours; n += lanes) {
    auto product = hn::Zero(Tag());
    auto square = hn::Zero(Tag());
    for (int d = 0; d < kDimensions; ++d) {
      const auto bytes = hn::LoadU(byte_tag, &neighbours.coordinates[d][n]);
      const auto coordinate = hn::ConvertTo(Tag(), hn::PromoteTo(int_tag, bytes));
      product = product + hn::Set(Tag(), weighted[d]) * coordinate;
      square = square + hn::Set(Tag(), weights[d]) * coordinate * coordinate;
    }
    // The term that is the same for all points is left out.
    const auto distance = square - hn::Set(Tag(), 2 * inverse) * product;
    hn::Store(product, Tag(), &products[n]);
    hn::Store(square, Tag(), &squares[n]);
    hn::Store(distance, Tag(), &distances[n]);
    least = hn::Min(least, distance);
  }
  least = hn::MinOfLanes(Tag(), least);
  for (int n = 0; n < kNeighbours; n += lanes) {
    const auto found = hn::FindFirstTrue(Tag(), hn::Eq(hn::Load(Tag(), &distances[n]), least));
    if (found >= 0) {
      const auto at = static_cast<std::size_t>(n + found);
      return {neighbours.points[at], products[at], squares[at]};
    }
  }
  return {neighbours.points[0], products[0], squares[0]};
}

// Computes the indices of the levels nearest to the scaled magnitudes. Assumes evenly spaced levels, which is nearly
// true.
template <typename Grid>
HWY_ATTR void round_to_levels(const Group<Grid>& group, float inverse, std::uint8_t* numbers) {
  constexpr float kTop = Grid::kLevels.size() - 1;
  constexpr float kPerStep = kTop / (Grid::kLevels.back() - Grid::kLevels.front());
  for (int j = 0; j < Group<Grid>::kValues; ++j) {
    const float number = (group.magnitudes[j] * inverse - Grid::kLevels.front()) * kPerStep;
    numbers[j] = static_cast<std::uint8_t>(clamped_nearest(number, 0, static_cast<int>(kTop)));
  }
}

template <typename Grid>
int combination_of(const std::uint8_t* numbers) {
  int combination = 0;
  for (int d = Grid::kDimensions - 1; d >= 0; --d)
    combination = combination * static_cast<int>(Grid::kLevels.size()) + numbers[d];
  return combination;
}

// The points of a group for one scale. The error at other scales follows from the sums.
template <typename Grid>
struct GroupFit {
  std::array<std::uint16_t, kPointsPerGroup<Grid>> points;
  float product = 0;
  float square = 0;

  float best_scale() const { return square > 0 ? product / square : 0.0f; }
  // Returns the change of the squared error compared with all zeros.
  float change(float scale) const { return scale * (scale * square - 2 * product); }
};

template <typename Grid>
HWY_ATTR GroupFit<Grid> fit_points(const Group<Grid>& group, float inverse) {
  const auto& neighbours = Grid::neighbours();
  std::array<std::uint8_t, Group<Grid>::kValues> numbers;
  round_to_levels(group, inverse, numbers.data());
  GroupFit<Grid> fit;
  for (int p = 0; p < kPointsPerGroup<Grid>; ++p) {
    const int first = p * Grid::kDimensions;
    const auto& near = neighbours[static_cast<std::size_t>(combination_of<Grid>(&numbers[first]))];
    const PointFit point = nearest_of(near, &group.weighted[first], group.weights + first, inverse);
    fit.points[p] = point.point;
    fit.product += point.product;
    fit.square += point.square;
  }
  return fit;
}

// Returns the best scale of a group independently of its block. The scales that are tried map its greatest magnitude
// from below the highest level to far above it: clipping one value costs less than a grid that is too coarse for all
// the others.
template <typename Grid>
HWY_ATTR float best_scale(const Group<Grid>& group) {
  const float greatest = *std::max_element(group.magnitudes, group.magnitudes + Group<Grid>::kValues);
  if (greatest < 0x1p-100f) return 0;
  float best = 0;
  float best_change = 0;
  for (int step = 0; step < 7; ++step) {
    const float top = Grid::kLevels.back() * (0.78f + 0.12f * static_cast<float>(step));
    const GroupFit<Grid> fit = fit_points(group, top / greatest);
    const float scale = fit.best_scale();
    if (scale > 0 && fit.change(scale) < best_change) {
      best = scale;
      best_change = fit.change(scale);
    }
  }
  return best;
}

template <typename Grid>
struct GroupChoice {
  int multiple = 0;  // n in 0 … 15, which means the multiple 2n + 1
  std::array<std::uint16_t, kPointsPerGroup<Grid>> points{};
};

// Chooses a group's multiple for a fixed block scale: tries the nearest odd multiple and its neighbours, each with its
// own points.
template <typename Grid>
HWY_ATTR GroupChoice<Grid> choose_group(const Group<Grid>& group, float wanted, float unit) {
  const int middle = clamped_nearest(0.5f * (wanted * inverse_or_zero(unit) - 1), 0, 15);
  GroupChoice<Grid> choice;
  float best_change = std::numeric_limits<float>::infinity();
  for (int multiple = std::max(middle - 1, 0); multiple <= std::min(middle + 1, 15); ++multiple) {
    const float scale = unit * static_cast<float>(2 * multiple + 1);
    const GroupFit<Grid> fit = fit_points(group, inverse_or_zero(scale));
    if (fit.change(scale) < best_change) {
      best_change = fit.change(scale);
      choice = {multiple, fit.points};
    }
  }
  return choice;
}

// Chooses everything but the signs. Returns false if the scale exceeds half precision.
template <typename Grid, typename Parts>
HWY_ATTR bool choose_points(const float* magnitudes, const float* weights, Parts& parts) {
  using Block = typename Grid::Block;
  std::array<Group<Grid>, Block::kGroups> groups;
  std::array<float, Block::kGroups> wanted;
  for (int g = 0; g < Block::kGroups; ++g) {
    const int first = g * Block::kGroupValues;
    groups[g] = {magnitudes + first, weights + first, {}};
    for (int j = 0; j < Block::kGroupValues; ++j) groups[g].weighted[j] = weights[first + j] * magnitudes[first + j];
    wanted[g] = best_scale(groups[g]);
  }
  parts.scale = scale_to_half(*std::ranges::max_element(wanted) / (31 * Grid::kUnit));
  if (!is_finite(parts.scale)) return false;
  const float unit = to_float(parts.scale) * Grid::kUnit;
  for (int g = 0; g < Block::kGroups; ++g) {
    const GroupChoice<Grid> choice = choose_group(groups[g], wanted[g], unit);
    parts.group_scale[g] = static_cast<std::uint8_t>(choice.multiple);
    std::ranges::copy(choice.points, &parts.points[g * kPointsPerGroup<Grid>]);
  }
  return true;
}

// Returns the sign bits of eight values and stores their magnitudes.
inline std::uint8_t take_signs(const float* values, float* magnitudes) {
  int signs = 0;
  for (int j = 0; j < 8; ++j) {
    magnitudes[j] = values[j] < 0 ? -values[j] : values[j];
    signs |= (values[j] < 0 ? 1 : 0) << j;
  }
  return static_cast<std::uint8_t>(signs);
}

// Does the same for formats in which the number of minus signs must be even. If it is odd, the value for which it
// matters least gets the wrong sign. Its magnitude is then negative, which maps it to the lowest level.
inline std::uint8_t take_even_signs(const float* values, const float* weights, float* magnitudes) {
  const std::uint8_t signs = take_signs(values, magnitudes);
  if (std::popcount(signs) % 2 == 0) return signs;
  std::array<float, 8> costs;
  for (int j = 0; j < 8; ++j) costs[j] = weights[j] * values[j] * values[j];
  const auto least = std::ranges::min_element(costs) - costs.begin();
  magnitudes[least] = -magnitudes[least];
  return static_cast<std::uint8_t>(signs ^ 1 << least);
}

// take(values, weights, magnitudes) returns the signs of eight values.
template <typename Grid, typename TakeSigns>
std::size_t encode_grid(const float* values, const float* weights, std::byte* out, std::size_t count, TakeSigns take) {
  using Block = typename Grid::Block;
  static constexpr auto kEqualWeights = [] {
    std::array<float, 256> ones{};
    ones.fill(1);
    return ones;
  }();
  for (std::size_t b = 0; b < count; ++b) {
    const float* const x = values + 256 * b;
    const float* const w = weights == nullptr ? kEqualWeights.data() : weights + 256 * b;
    GridParts<Block::kGroups, 256 / Grid::kDimensions> parts;
    std::array<float, 256> magnitudes;
    for (int eight = 0; eight < 32; ++eight)
      parts.signs[eight] = take(x + 8 * eight, w + 8 * eight, &magnitudes[8 * eight]);
    if (!choose_points<Grid>(magnitudes.data(), w, parts)) return b;
    pack(parts, *reinterpret_cast<Block*>(out + b * sizeof(Block)));
  }
  return count;
}

constexpr auto kTakeAnySigns = [](const float* values, const float*, float* magnitudes) {
  return take_signs(values, magnitudes);
};

std::size_t encode_iq2_s(const float* values, const float* weights, std::byte* blocks, std::size_t count) {
  return encode_grid<GridIQ2_S>(values, weights, blocks, count, kTakeAnySigns);
}
std::size_t encode_iq3_xxs(const float* values, const float* weights, std::byte* blocks, std::size_t count) {
  return encode_grid<GridIQ3_XXS>(values, weights, blocks, count, take_even_signs);
}
std::size_t encode_iq3_s(const float* values, const float* weights, std::byte* blocks, std::size_t count) {
  return encode_grid<GridIQ3_S>(values, weights, blocks, count, kTakeAnySigns);
}

}  // namespace rocmforge::quant::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
