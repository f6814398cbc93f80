#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/kernels/limits.cpp"
#include <hwy/foreach_target.h>

#include "backends/cpu/kernels/limits.h"
#include "backends/cpu/kernels/target-inl.h"

HWY_BEFORE_NAMESPACE();
namespace rocmforge::cpu::HWY_NAMESPACE {

// Number of independent sums, enough that no addition waits for the previous one.
inline constexpr int kSums = 10;

HWY_ATTR std::uint64_t read_all(const std::byte* bytes, std::size_t size) {
  const hn::ScalableTag<std::uint64_t> tag;
  const std::size_t lanes = hn::Lanes(tag);
  const auto* words = reinterpret_cast<const std::uint64_t*>(bytes);
  auto a = hn::Zero(tag);
  auto b = a;
  auto c = a;
  auto d = a;
  for (std::size_t i = 0; i + 4 * lanes <= size / sizeof(std::uint64_t); i += 4 * lanes) {
    a = hn::Xor(a, hn::LoadU(tag, words + i));
    b = hn::Xor(b, hn::LoadU(tag, words + i + lanes));
    c = hn::Xor(c, hn::LoadU(tag, words + i + 2 * lanes));
    d = hn::Xor(d, hn::LoadU(tag, words + i + 3 * lanes));
  }
  return hn::GetLane(hn::Xor(hn::Xor(a, b), hn::Xor(c, d)));
}

HWY_ATTR std::uint64_t multiply_floats(std::int64_t rounds) {
  const AnyTag tag;
  const AnyFloats factor = hn::Set(tag, 1.0000001f);
  const AnyFloats addend = hn::Set(tag, 1e-9f);
  AnyFloats s0 = hn::Set(tag, 0.0f), s1 = hn::Set(tag, 1.0f), s2 = hn::Set(tag, 2.0f), s3 = hn::Set(tag, 3.0f),
            s4 = hn::Set(tag, 4.0f), s5 = hn::Set(tag, 5.0f), s6 = hn::Set(tag, 6.0f), s7 = hn::Set(tag, 7.0f),
            s8 = hn::Set(tag, 8.0f), s9 = hn::Set(tag, 9.0f);
  for (std::int64_t i = 0; i < rounds; ++i) {
    s0 = hn::MulAdd(s0, factor, addend);
    s1 = hn::MulAdd(s1, factor, addend);
    s2 = hn::MulAdd(s2, factor, addend);
    s3 = hn::MulAdd(s3, factor, addend);
    s4 = hn::MulAdd(s4, factor, addend);
    s5 = hn::MulAdd(s5, factor, addend);
    s6 = hn::MulAdd(s6, factor, addend);
    s7 = hn::MulAdd(s7, factor, addend);
    s8 = hn::MulAdd(s8, factor, addend);
    s9 = hn::MulAdd(s9, factor, addend);
  }
  const AnyFloats sum = s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7 + s8 + s9;
  return static_cast<std::uint64_t>(hn::GetLane(sum));
}

#if ROCMFORGE_CPU_REAL_VECTORS

inline HWY_ATTR Ints add_products(Ints sum, Shorts a, Shorts b) {
  Ints rest = hn::Zero(IntTag());
  return hn::ReorderWidenMulAccumulate(IntTag(), a, b, sum, rest) + rest;
}

HWY_ATTR std::uint64_t multiply_integers(std::int64_t rounds) {
  const IntTag tag;
  // Change both factors in each round; otherwise the compiler would move the constant products out of the loop.
  Shorts x = hn::Set(ShortTag(), 3);
  Shorts y = hn::Set(ShortTag(), 5);
  const Shorts one = hn::Set(ShortTag(), 1);
  const Shorts two = hn::Set(ShortTag(), 2);
  const Shorts three = hn::Set(ShortTag(), 3);
  Ints s0 = hn::Zero(tag), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0, s8 = s0, s9 = s0;
  for (std::int64_t i = 0; i < rounds; ++i) {
    x = hn::Add(x, one);
    y = hn::Add(y, two);
    s0 = add_products(s0, x, x);
    s1 = add_products(s1, x, y);
    s2 = add_products(s2, x, one);
    s3 = add_products(s3, x, two);
    s4 = add_products(s4, x, three);
    s5 = add_products(s5, y, y);
    s6 = add_products(s6, y, one);
    s7 = add_products(s7, y, two);
    s8 = add_products(s8, y, three);
    s9 = add_products(s9, two, hn::Sub(x, y));
  }
  const Ints sum = s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7 + s8 + s9;
  return static_cast<std::uint64_t>(hn::GetLane(sum));
}
inline constexpr int kIntegerLanes = 2 * kFloatLanes;

#else

// The scalar version.
HWY_ATTR std::uint64_t multiply_integers(std::int64_t rounds) {
  std::uint32_t x = 3;
  std::uint32_t sums[kSums] = {};
  for (std::int64_t i = 0; i < rounds; ++i) {
    x += 5;
    for (std::uint32_t& sum : sums) sum = sum * x + 7;
  }
  std::uint32_t all = 0;
  for (const std::uint32_t sum : sums) all += sum;
  return all;
}
inline constexpr int kIntegerLanes = 1;

#endif

LimitKernels limits() {
  return {read_all,
          {multiply_floats, 2 * kSums * static_cast<int>(hn::MaxLanes(AnyTag()))},
          {multiply_integers, 2 * kSums * kIntegerLanes}};
}

}  // namespace rocmforge::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rocmforge::cpu {

const LimitKernels& limit_kernels(CpuTier tier) {
  static const LimitKernels kernels[] = {ROCMFORGE_CPU_PICK(limits, CpuTier::kScalar)(),
                                         ROCMFORGE_CPU_PICK(limits, CpuTier::kAvx2)(),
                                         ROCMFORGE_CPU_PICK(limits, CpuTier::kAvx512)()};
  return kernels[static_cast<std::size_t>(tier)];
}

}  // namespace rocmforge::cpu
#endif
