// Vector types for code that processes one block at a time. Included once per Highway target.

#if defined(ROCMFORGE_QUANT_EIGHT_LANES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ROCMFORGE_QUANT_EIGHT_LANES_INL_H_
#undef ROCMFORGE_QUANT_EIGHT_LANES_INL_H_
#else
#define ROCMFORGE_QUANT_EIGHT_LANES_INL_H_
#endif

#include <hwy/highway.h>

// Highway's fallback targets have no real vectors: one lane, or with Clang four emulated lanes.
#undef ROCMFORGE_QUANT_REAL_VECTORS
#define ROCMFORGE_QUANT_REAL_VECTORS (HWY_TARGET != HWY_SCALAR && HWY_TARGET != HWY_EMU128)

HWY_BEFORE_NAMESPACE();
namespace rocmforge::quant::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// At most eight lanes: in many formats no more adjacent values share a scale and a sign byte.
using EightTag = hn::CappedTag<float, 8>;
using EightFloats = hn::Vec<EightTag>;
using EightIntsTag = hn::Rebind<std::int32_t, EightTag>;
using EightInts = hn::Vec<EightIntsTag>;

inline HWY_ATTR int eight_lanes() { return static_cast<int>(hn::Lanes(EightTag())); }

}  // namespace rocmforge::quant::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
