// The 16 levels of IQ4_NL and IQ4_XS, for the searches of scale_search-inl.h. Included once per Highway target.

#if defined(ROCMFORGE_QUANT_IQ4_LEVELS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ROCMFORGE_QUANT_IQ4_LEVELS_INL_H_
#undef ROCMFORGE_QUANT_IQ4_LEVELS_INL_H_
#else
#define ROCMFORGE_QUANT_IQ4_LEVELS_INL_H_
#endif

#include <hwy/highway.h>

#include <limits>

#include "quant/iq4_nl.h"
#include "quant/tiles-inl.h"

HWY_BEFORE_NAMESPACE();
namespace rocmforge::quant::HWY_NAMESPACE {

using LaneInts = hn::Vec<hn::RebindToSigned<LaneTag>>;

// Looks up entries of a table by indices from 0 to 15.
inline HWY_ATTR Lanes look_up(const std::array<float, 16>& table, LaneInts numbers) {
  if constexpr (hn::MaxLanes(LaneTag()) == 16) {
    return hn::TableLookupLanes(hn::LoadU(LaneTag(), table.data()), hn::IndicesFromVec(LaneTag(), numbers));
  } else if constexpr (hn::MaxLanes(LaneTag()) == 8) {
    const hn::RebindToSigned<LaneTag> int_tag;
    const auto in_half = hn::IndicesFromVec(LaneTag(), hn::And(numbers, hn::Set(int_tag, 7)));
    const Lanes low = hn::TableLookupLanes(hn::LoadU(LaneTag(), table.data()), in_half);
    const Lanes high = hn::TableLookupLanes(hn::LoadU(LaneTag(), table.data() + 8), in_half);
    return hn::IfThenElse(hn::RebindMask(LaneTag(), hn::Gt(numbers, hn::Set(int_tag, 7))), high, low);
  } else {
    return hn::GatherIndex(LaneTag(), table.data(), numbers);
  }
}

struct Iq4Levels {
  static constexpr float kEnd = kIq4Values.front();

  // The levels are nearly a quadratic function of their index. For the border between levels n and n + 1 this returns
  // n, with an error of at most 1/17.
  static HWY_ATTR Lanes border_number(Lanes y) {
    return y * (all(0.0899f) - all(0.000232f) * hn::Abs(y)) + all(7.3433f);
  }

  static HWY_ATTR Lanes in_range(Lanes scaled) { return clamp(scaled, kIq4Values.front(), kIq4Values.back()); }

  // Returns the nearest integer.
  static HWY_ATTR LaneInts to_integer(Lanes number) {
    const hn::RebindToSigned<LaneTag> int_tag;
    return hn::And(hn::BitCast(int_tag, number + all(0x1.8p23f)),
                   hn::Set(int_tag, 15));  // the integer is in the lowest bits of the sum
  }

  // Returns the nearest level. For a value within 1/17 of a border it may be the level beyond the border, which is good
  // enough for a search.
  static HWY_ATTR Lanes nearest(Lanes scaled) {
    static constexpr auto kLevels = [] {
      std::array<float, 16> levels{};
      for (int n = 0; n < 16; ++n) levels[n] = static_cast<float>(kIq4Values[n]);
      return levels;
    }();
    return look_up(kLevels, to_integer(border_number(in_range(scaled)) + all(0.5f)));
  }

  // Returns the exact index of the nearest level, the lower one if two are equally near. Only the nearest border needs
  // to be compared.
  static HWY_ATTR Lanes stored(Lanes scaled) {
    static constexpr auto kBorders = [] {
      std::array<float, 16> borders{};
      for (int n = 0; n < 15; ++n) borders[n] = 0.5f * static_cast<float>(kIq4Values[n] + kIq4Values[n + 1]);
      borders[15] = std::numeric_limits<float>::infinity();
      return borders;
    }();
    const Lanes y = in_range(scaled);
    const Lanes nearest_border = round(border_number(y));
    const auto beyond = hn::Gt(y, look_up(kBorders, to_integer(nearest_border)));
    return nearest_border + hn::IfThenElseZero(beyond, all(1));
  }
};

}  // namespace rocmforge::quant::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
