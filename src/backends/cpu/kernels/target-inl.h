// The vector types of the kernels, and the macro that selects a function by target. Included once per Highway target.

#if defined(ROCMFORGE_CPU_TARGET_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ROCMFORGE_CPU_TARGET_INL_H_
#undef ROCMFORGE_CPU_TARGET_INL_H_
#else
#define ROCMFORGE_CPU_TARGET_INL_H_
#endif

#include <hwy/highway.h>

#include <cstddef>
#include <cstdint>

// Highway's fallback targets have no real vectors: one lane, or with Clang four emulated lanes.
#undef ROCMFORGE_CPU_REAL_VECTORS
#define ROCMFORGE_CPU_REAL_VECTORS (HWY_TARGET != HWY_SCALAR && HWY_TARGET != HWY_EMU128)

HWY_BEFORE_NAMESPACE();
namespace rocmforge::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Vectors of any number of lanes, including one, for code that treats all values alike.
using AnyTag = hn::ScalableTag<float>;
using AnyFloats = hn::Vec<AnyTag>;

// Loads `count` values, at most a vector, and fills the other lanes with zeros.
inline HWY_ATTR AnyFloats load_first(const float* from, std::int64_t count) {
  const AnyTag tag;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(tag));
  if (count >= lanes) return hn::LoadU(tag, from);
  HWY_ALIGN float padded[hn::MaxLanes(AnyTag())] = {};
  for (std::int64_t i = 0; i < count; ++i) padded[i] = from[i];
  return hn::Load(tag, padded);
}

inline HWY_ATTR void store_first(AnyFloats values, float* to, std::int64_t count) {
  const AnyTag tag;
  if (count >= static_cast<std::int64_t>(hn::Lanes(tag))) return hn::StoreU(values, tag, to);
  HWY_ALIGN float stored[hn::MaxLanes(AnyTag())];
  hn::Store(values, tag, stored);
  for (std::int64_t i = 0; i < count; ++i) to[i] = stored[i];
}

#if ROCMFORGE_CPU_REAL_VECTORS

// The number of 128-bit parts of a vector.
inline constexpr int kParts = (HWY_MAX_BYTES < 64 ? HWY_MAX_BYTES : 64) / 16;
inline constexpr int kFloatLanes = 4 * kParts;

using ByteTag = hn::FixedTag<std::uint8_t, 16 * kParts>;
using SignedByteTag = hn::FixedTag<std::int8_t, 16 * kParts>;
using ShortTag = hn::FixedTag<std::int16_t, 8 * kParts>;
using IntTag = hn::FixedTag<std::int32_t, 4 * kParts>;
using LongTag = hn::FixedTag<std::int64_t, 2 * kParts>;
using FloatTag = hn::FixedTag<float, 4 * kParts>;
using DoubleTag = hn::FixedTag<double, 2 * kParts>;
using Bytes = hn::Vec<ByteTag>;
using Shorts = hn::Vec<ShortTag>;
using Ints = hn::Vec<IntTag>;
using Floats = hn::Vec<FloatTag>;

// Returns the sums of the four lanes of each part: lane i of a part is the sum of vector i's. The order of additions is
// fixed.
inline HWY_ATTR Ints sums_of_parts(Ints a, Ints b, Ints c, Ints d) {
  const IntTag tag;
  const LongTag pair_tag;
  const auto ab = hn::BitCast(pair_tag, hn::InterleaveLower(tag, a, b) + hn::InterleaveUpper(tag, a, b));
  const auto cd = hn::BitCast(pair_tag, hn::InterleaveLower(tag, c, d) + hn::InterleaveUpper(tag, c, d));
  return hn::BitCast(tag, hn::InterleaveLower(pair_tag, ab, cd)) +
         hn::BitCast(tag, hn::InterleaveUpper(pair_tag, ab, cd));
}

inline HWY_ATTR Floats sums_of_parts(Floats a, Floats b, Floats c, Floats d) {
  const FloatTag tag;
  const DoubleTag pair_tag;
  const auto ab = hn::BitCast(pair_tag, hn::InterleaveLower(tag, a, b) + hn::InterleaveUpper(tag, a, b));
  const auto cd = hn::BitCast(pair_tag, hn::InterleaveLower(tag, c, d) + hn::InterleaveUpper(tag, c, d));
  return hn::BitCast(tag, hn::InterleaveLower(pair_tag, ab, cd)) +
         hn::BitCast(tag, hn::InterleaveUpper(pair_tag, ab, cd));
}

using FourTag = hn::FixedTag<float, 4>;

// Returns the sum of all parts.
template <typename V>
HWY_ATTR hn::Vec<FourTag> sum_of_all_parts(V v) {
  const hn::DFromV<V> tag;
  if constexpr (hn::MaxLanes(tag) <= 4) {
    return v;
  } else {
    const hn::Half<hn::DFromV<V>> half_tag;
    return sum_of_all_parts(hn::LowerHalf(half_tag, v) + hn::UpperHalf(half_tag, v));
  }
}

// Returns the sums over all lanes of four vectors.
inline HWY_ATTR hn::Vec<FourTag> four_sums(Floats a, Floats b, Floats c, Floats d) {
  return sum_of_all_parts(sums_of_parts(a, b, c, d));
}

#endif
}  // namespace rocmforge::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

// ROCMFORGE_CPU_PICK(function, tier) is the function of the tier's target. Use it in the namespace that contains the
// targets' namespaces.
#ifndef ROCMFORGE_CPU_PICK
#if HWY_ARCH_X86
#define ROCMFORGE_CPU_PICK(function, tier)       \
  ((tier) >= CpuTier::kAvx512 ? N_AVX3::function \
   : (tier) >= CpuTier::kAvx2 ? N_AVX2::function \
                              : HWY_STATIC_DISPATCH(function))
#else
#define ROCMFORGE_CPU_PICK(function, tier) (static_cast<void>(tier), HWY_STATIC_DISPATCH(function))
#endif
#endif

#endif
