// The 16 levels of IQ4_NL and IQ4_XS for searches in scale_search-inl.h. Included once per Highway target.

#if defined(ROCMFORGE_QUANT_IQ4_LEVELS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ROCMFORGE_QUANT_IQ4_LEVELS_INL_H_
#undef ROCMFORGE_QUANT_IQ4_LEVELS_INL_H_
#else
#define ROCMFORGE_QUANT_IQ4_LEVELS_INL_H_
#endif

#include <hwy/highway.h>

#include "quant/iq4_nl.h"
#include "quant/tiles-inl.h"

HWY_BEFORE_NAMESPACE();
namespace rocmforge::quant::HWY_NAMESPACE {

using LaneInts = hn::Vec<hn::RebindToSigned<LaneTag>>;

// The entries of a table of sixteen; the numbers run from 0 to 15.
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

// The levels are nearly a quadratic function of their number: one that gives each border between two levels the right number to
// a seventeenth. So a value that close to a border may get the other level; a search does not mind.
struct Iq4Levels {
  static constexpr float kEnd = kIq4Values.front();
  static HWY_ATTR Lanes nearest(Lanes scaled) {
    static constexpr auto kLevels = [] {
      std::array<float, 16> levels{};
      for (int n = 0; n < 16; ++n) levels[n] = static_cast<float>(kIq4Values[n]);
      return levels;
    }();
    const hn::RebindToSigned<LaneTag> int_tag;
    const Lanes y = clamp(scaled, kIq4Values.front(), kIq4Values.back());
    const Lanes number = y * (all(0.0899f) - all(0.000232f) * hn::Abs(y)) + all(7.8433f);
    // The sum has the nearest integer in its lowest bits.
    const LaneInts rounded = hn::BitCast(int_tag, number + all(0x1.8p23f));
    return look_up(kLevels, hn::And(rounded, hn::Set(int_tag, 15)));
  }
};

}  // namespace rocmforge::quant::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
