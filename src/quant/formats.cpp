// The table of formats: metadata and, for each instruction set, the loops over rows. The decoders and the simple
// encoders are the blocks' own functions, compiled here once per set. Products and sums are not fused, so the bits are
// the same on every set.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "quant/formats.cpp"
#include <hwy/foreach_target.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <type_traits>

#include "quant/eight_lanes-inl.h"
#include "quant/fast_decoders-inl.h"
#include "quant/fast_encoders-inl.h"
#include "quant/formats.h"
#include "quant/fp8_e4m3.h"
#include "quant/fp8_e5m2.h"
#include "quant/iq1_m.h"
#include "quant/iq1_s.h"
#include "quant/iq2_s.h"
#include "quant/iq2_xs.h"
#include "quant/iq2_xxs.h"
#include "quant/iq3_s.h"
#include "quant/iq3_xxs.h"
#include "quant/iq4_nl.h"
#include "quant/iq4_xs.h"
#include "quant/mxfp4.h"
#include "quant/mxfp6_e2m3.h"
#include "quant/mxfp6_e3m2.h"
#include "quant/nvfp4.h"
#include "quant/plain.h"
#include "quant/q1_0.h"
#include "quant/q2_0.h"
#include "quant/q2_k.h"
#include "quant/q3_k.h"
#include "quant/q4_0.h"
#include "quant/q4_1.h"
#include "quant/q4_k.h"
#include "quant/q5_0.h"
#include "quant/q5_1.h"
#include "quant/q5_k.h"
#include "quant/q6_k.h"
#include "quant/q8_0.h"
#include "quant/q8_k.h"
#include "quant/row_kernels.h"
#include "quant/search_encoders-inl.h"
#include "quant/tq1_0.h"
#include "quant/tq2_0.h"

HWY_BEFORE_NAMESPACE();
namespace rocmforge::quant::HWY_NAMESPACE {

template <typename Block>
inline constexpr int kValuesOf = Block::kValues;
template <typename Number>
  requires(!std::is_class_v<Number>)
inline constexpr int kValuesOf<Number> = 1;
template <>
inline constexpr int kValuesOf<Half> = 1;
template <>
inline constexpr int kValuesOf<BFloat16> = 1;

template <typename Block>
concept HasFastDecoder = requires(const Block& block, Decoded<kValuesOf<Block>> out) { decode_fast(block, out); };

template <typename Block>
concept HasFastEncoder = requires(Values<kValuesOf<Block>> values, Block& block) { encode_fast(values, block); };

// HWY_FLATTEN inlines the called functions, so that they are compiled for the loop's instruction set.
//
// HWY_RESTRICT, because the bytes could otherwise alias the output and would be read again after every stored float.
template <typename Block>
HWY_FLATTEN void decode_blocks(const std::byte* HWY_RESTRICT blocks, float* HWY_RESTRICT out, std::size_t count) {
  for (std::size_t b = 0; b < count; ++b) {
    const auto& block = *reinterpret_cast<const Block*>(blocks + b * sizeof(Block));
    const Decoded<kValuesOf<Block>> values(out + b * kValuesOf<Block>, kValuesOf<Block>);
    if constexpr (HasFastDecoder<Block>) {
      decode_fast(block, values);
    } else {
      decode(block, values);
    }
  }
}

template <typename Block>
HWY_FLATTEN std::size_t encode_blocks(const float* HWY_RESTRICT values, const float*, std::byte* HWY_RESTRICT blocks,
                                      std::size_t count) {
  for (std::size_t b = 0; b < count; ++b) {
    const Values<kValuesOf<Block>> own(values + b * kValuesOf<Block>, kValuesOf<Block>);
    auto& block = *reinterpret_cast<Block*>(blocks + b * sizeof(Block));
    bool held;
    if constexpr (HasFastEncoder<Block>) {
      held = encode_fast(own, block);
    } else {
      held = encode(own, block);
    }
    if (!held) return b;
  }
  return count;
}

// Returns the number of values before the first that the format cannot hold.
template <typename Number>
std::size_t count_held(const float* values, std::size_t count) {
  const auto can_hold = [](const float& value) {
    Number number;
    return encode(Values<1>(&value, 1), number);
  };
  return static_cast<std::size_t>(std::find_if_not(values, values + count, can_hold) - values);
}

// Encodes formats with one number per block. Whether all numbers fit is checked once at the end, so that the loop is
// vectorized.
template <typename Number>
HWY_FLATTEN std::size_t encode_numbers(const float* HWY_RESTRICT values, const float*, std::byte* HWY_RESTRICT out,
                                       std::size_t count) {
  unsigned lost = 0;
  for (std::size_t j = 0; j < count; ++j) {
    Number number;
    lost |= encode(Values<1>(values + j, 1), number) ? 0u : 1u;
    std::memcpy(out + j * sizeof(Number), &number, sizeof(Number));
  }
  return lost == 0 ? count : count_held<Number>(values, count);
}

#if ROCMFORGE_QUANT_REAL_VECTORS
// Uses the CPU's conversion instruction, because compilers do not vectorize to_half().
template <>
HWY_ATTR std::size_t encode_numbers<Half>(const float* values, const float*, std::byte* out, std::size_t count) {
  namespace hn = hwy::HWY_NAMESPACE;
  using Tag = hn::ScalableTag<float>;
  using HalfTag = hn::Rebind<hwy::float16_t, Tag>;
  const std::size_t lanes = hn::Lanes(Tag());
  auto greatest = hn::Zero(Tag());
  std::size_t j = 0;
  for (; j + lanes <= count; j += lanes) {
    const auto x = hn::LoadU(Tag(), values + j);
    greatest = hn::Max(greatest, hn::Abs(x));
    hn::StoreU(hn::DemoteTo(HalfTag(), x), HalfTag(), reinterpret_cast<hwy::float16_t*>(out + j * sizeof(Half)));
  }
  // Larger values round to infinity.
  bool all_held = hn::AllTrue(Tag(), hn::Lt(greatest, hn::Set(Tag(), kHalfMax + 16)));
  for (; j < count; ++j) {
    const Half half = to_half(values[j]);
    all_held &= is_finite(half);
    std::memcpy(out + j * sizeof(Half), &half, sizeof(Half));
  }
  return all_held ? count : count_held<Half>(values, count);
}
#endif

// Uses the block's fast encoder without weights, and the searching one with weights.
template <typename Block, EncodeBlocks kWeighted>
std::size_t encode_either(const float* values, const float* weights, std::byte* blocks, std::size_t count) {
  return weights == nullptr ? encode_blocks<Block>(values, nullptr, blocks, count)
                            : kWeighted(values, weights, blocks, count);
}

template <typename Block>
inline constexpr bool kScalesAreHalves =
    requires(Block block) { requires std::is_same_v<decltype(block.scale), Half>; };

struct Entry {
  Format format;
  RowKernels kernels;
};

// Makes a table entry. The encoder's type states whether there is one: with its sanitizers enabled, GCC does not accept
// a comparison of the pointer as a constant expression.
template <typename Block, typename Encoder>
constexpr Entry entry(FormatId id, std::string_view name, Encoder encoder, WeightRule rule = WeightRule::kIgnored,
                      bool needs_importance = false) {
  return {{id, name, kValuesOf<Block>, sizeof(Block), rule, !std::is_null_pointer_v<Encoder>, needs_importance},
          {decode_blocks<Block>, encoder, alignof(Block), kScalesAreHalves<Block>}};
}

using enum FormatId;
using enum WeightRule;

constexpr Entry kTable[] = {
    entry<float>(kF32, "F32", encode_numbers<float>),
    entry<Half>(kF16, "F16", encode_numbers<Half>),
    entry<BlockQ4_0>(kQ4_0, "Q4_0", encode_either<BlockQ4_0, encode_q4_0_weighted>, kRowMean),
    entry<BlockQ4_1>(kQ4_1, "Q4_1", encode_either<BlockQ4_1, encode_q4_1_weighted>, kRowMean),
    entry<BlockQ5_0>(kQ5_0, "Q5_0", encode_either<BlockQ5_0, encode_q5_0_weighted>, kRowMean),
    entry<BlockQ5_1>(kQ5_1, "Q5_1", encode_either<BlockQ5_1, encode_q5_1_weighted>, kRowMean),
    entry<BlockQ8_0>(kQ8_0, "Q8_0", encode_blocks<BlockQ8_0>),
    entry<BlockQ2_K>(kQ2_K, "Q2_K", encode_q2_k, kBlockMean),
    entry<BlockQ3_K>(kQ3_K, "Q3_K", encode_q3_k, kTwiceBlockMean),
    entry<BlockQ4_K>(kQ4_K, "Q4_K", encode_q4_k, kTwiceBlockMean),
    entry<BlockQ5_K>(kQ5_K, "Q5_K", encode_q5_k, kTwiceBlockMean),
    entry<BlockQ6_K>(kQ6_K, "Q6_K", encode_q6_k, kImportanceAlone),
    entry<BlockQ8_K>(kQ8_K, "Q8_K", encode_blocks<BlockQ8_K>),
    entry<BlockIQ2_XXS>(kIQ2_XXS, "IQ2_XXS", nullptr, kBlockMean, true),
    entry<BlockIQ2_XS>(kIQ2_XS, "IQ2_XS", nullptr, kBlockMean, true),
    entry<BlockIQ3_XXS>(kIQ3_XXS, "IQ3_XXS", encode_iq3_xxs, kTwiceBlockMean, true),
    entry<BlockIQ1_S>(kIQ1_S, "IQ1_S", nullptr, kTwiceBlockMean, true),
    entry<BlockIQ4_NL>(kIQ4_NL, "IQ4_NL", encode_iq4_nl, kTwiceBlockMean),
    entry<BlockIQ3_S>(kIQ3_S, "IQ3_S", encode_iq3_s, kTwiceBlockMean),
    entry<BlockIQ2_S>(kIQ2_S, "IQ2_S", encode_iq2_s, kTwiceBlockMean, true),
    entry<BlockIQ4_XS>(kIQ4_XS, "IQ4_XS", encode_iq4_xs, kTwiceBlockMean),
    entry<std::int8_t>(kI8, "I8", nullptr),
    entry<std::int16_t>(kI16, "I16", nullptr),
    entry<std::int32_t>(kI32, "I32", nullptr),
    entry<std::int64_t>(kI64, "I64", nullptr),
    entry<double>(kF64, "F64", nullptr),
    entry<BlockIQ1_M>(kIQ1_M, "IQ1_M", nullptr, kTwiceBlockMean, true),
    entry<BFloat16>(kBF16, "BF16", encode_numbers<BFloat16>),
    entry<BlockTQ1_0>(kTQ1_0, "TQ1_0", encode_tq1_0),
    entry<BlockTQ2_0>(kTQ2_0, "TQ2_0", encode_tq2_0),
    entry<BlockMXFP4>(kMXFP4, "MXFP4", encode_blocks<BlockMXFP4>),
    entry<BlockNVFP4>(kNVFP4, "NVFP4", encode_nvfp4),
    entry<BlockQ1_0>(kQ1_0, "Q1_0", encode_q1_0),
    entry<BlockQ2_0>(kQ2_0, "Q2_0", encode_q2_0),
    entry<BlockMXFP6_E2M3>(kMXFP6_E2M3, "MXFP6_E2M3", encode_blocks<BlockMXFP6_E2M3>),
    entry<BlockMXFP6_E3M2>(kMXFP6_E3M2, "MXFP6_E3M2", encode_blocks<BlockMXFP6_E3M2>),
    entry<BlockFP8_E4M3>(kFP8_E4M3, "FP8_E4M3", encode_blocks<BlockFP8_E4M3>),
    entry<BlockFP8_E5M2>(kFP8_E5M2, "FP8_E5M2", encode_blocks<BlockFP8_E5M2>),
};

// Returns the kernels by index in the table.
const RowKernels& kernels_at(std::size_t index) { return kTable[index].kernels; }

HWY_FLATTEN float greatest_of(std::span<const float> values) { return greatest_magnitude(values); }

}  // namespace rocmforge::quant::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "base/error.h"
#include "base/text.h"

namespace rocmforge::quant {
namespace {

constexpr auto kFormats = [] {
  std::array<Format, std::size(HWY_STATIC_DISPATCH(kTable))> formats{};
  std::ranges::transform(HWY_STATIC_DISPATCH(kTable), formats.begin(), [](const auto& entry) { return entry.format; });
  return formats;
}();

static_assert(std::ranges::is_sorted(kFormats, {}, &Format::id));

const RowKernels& kernels_at(std::size_t index, [[maybe_unused]] CpuTier tier) {
#if HWY_ARCH_X86
  if (tier >= CpuTier::kAvx512) return N_AVX3::kernels_at(index);
  if (tier >= CpuTier::kAvx2) return N_AVX2::kernels_at(index);
#endif
  return HWY_STATIC_DISPATCH(kernels_at)(index);
}

}  // namespace

std::span<const Format> formats() { return kFormats; }

const Format* find_format(std::uint32_t id) {
  const auto found = std::ranges::find(kFormats, static_cast<FormatId>(id), &Format::id);
  return found == kFormats.end() ? nullptr : &*found;
}

const Format* find_format(std::string_view name) {
  const auto found =
      std::ranges::find_if(kFormats, [&](const Format& format) { return equal_ignoring_case(format.name, name); });
  return found == kFormats.end() ? nullptr : &*found;
}

const Format& format_of(FormatId id) {
  const Format* format = find_format(static_cast<std::uint32_t>(id));
  RF_CHECK(format != nullptr);
  return *format;
}

const RowKernels& row_kernels(FormatId id, CpuTier tier) {
  return kernels_at(static_cast<std::size_t>(&format_of(id) - kFormats.data()), tier);
}

float greatest_magnitude(std::span<const float> values, [[maybe_unused]] CpuTier tier) {
#if HWY_ARCH_X86
  if (tier >= CpuTier::kAvx512) return N_AVX3::greatest_of(values);
  if (tier >= CpuTier::kAvx2) return N_AVX2::greatest_of(values);
#endif
  return HWY_STATIC_DISPATCH(greatest_of)(values);
}

}  // namespace rocmforge::quant
#endif
