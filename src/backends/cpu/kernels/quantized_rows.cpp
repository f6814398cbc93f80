#include "backends/cpu/kernels/quantized_rows.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/kernels/quantized_rows.cpp"
#include <hwy/foreach_target.h>

#include <bit>
#include <limits>

#include "backends/cpu/kernels/target-inl.h"
#include "base/float_formats.h"

HWY_BEFORE_NAMESPACE();
namespace rocmforge::cpu::HWY_NAMESPACE {
namespace {

struct BlockScale {
  float scale;
  float inverse;
};

// amax_bits: the bits of the greatest magnitude. If the inverse of the scale would be infinite, all values are stored
// as 0.
inline BlockScale block_scale(std::int32_t amax_bits) {
  const float greatest = std::bit_cast<float>(amax_bits);
  if (!is_finite(greatest)) return {std::numeric_limits<float>::quiet_NaN(), 0};
  if (greatest < 0x1p-119f) return {0, 0};
  return {greatest / 127, 127 / greatest};
}

#if ROCMFORGE_CPU_REAL_VECTORS

HWY_ATTR std::int32_t greatest_magnitude(const float* x) {
  const IntTag tag;
  auto greatest = hn::Zero(tag);
  for (int j = 0; j < kBlockValues; j += kFloatLanes) {
    greatest = hn::Max(greatest, hn::BitCast(tag, hn::Abs(hn::LoadU(FloatTag(), x + j))));
  }
  return hn::GetLane(hn::MaxOfLanes(tag, greatest));
}

// Returns the sum of the integers. Values that are NaN or infinite are stored as 0; the NaN scale marks the block.
HWY_ATTR std::int32_t quantize_block(const float* x, BlockScale scale, std::int16_t* out) {
  const IntTag tag;
  const hn::Rebind<std::int16_t, IntTag> short_tag;
  auto total = hn::Zero(tag);
  for (int j = 0; j < kBlockValues; j += kFloatLanes) {
    const Floats scaled = hn::LoadU(FloatTag(), x + j) * hn::Set(FloatTag(), scale.inverse);
    const Floats sound = hn::IfThenElseZero(hn::Eq(scaled, scaled), scaled);
    const Ints quants = hn::NearestInt(sound);
    total = total + quants;
    hn::StoreU(hn::DemoteTo(short_tag, quants), short_tag, out + j);
  }
  return hn::GetLane(hn::SumOfLanes(tag, total));
}

#else

std::int32_t greatest_magnitude(const float* x) {
  std::int32_t greatest = 0;
  for (int j = 0; j < kBlockValues; ++j) {
    const auto bits = static_cast<std::int32_t>(magnitude_bits(x[j]));
    greatest = greatest > bits ? greatest : bits;
  }
  return greatest;
}

std::int32_t quantize_block(const float* x, BlockScale scale, std::int16_t* out) {
  std::int32_t total = 0;
  for (int j = 0; j < kBlockValues; ++j) {
    const float scaled = x[j] * scale.inverse;
    const float sound = scaled == scaled ? scaled : 0.0f;
    const auto quant = static_cast<std::int32_t>((sound + 0x1.8p23f) - 0x1.8p23f);  // to nearest, ties to even
    total += quant;
    out[j] = static_cast<std::int16_t>(quant);
  }
  return total;
}

#endif

HWY_ATTR void quantize(const float* x, std::int64_t row, std::int64_t first, std::int64_t count,
                       const QuantizedRows& out) {
  for (std::int64_t column = 0; column < count; column += kBlockValues) {
    const BlockScale scale = block_scale(greatest_magnitude(x + column));
    const std::int64_t block = row * out.blocks() + (first + column) / kBlockValues;
    const std::int32_t total = quantize_block(x + column, scale, out.quants + row * out.columns + first + column);
    out.scales[block] = scale.scale;
    out.sums[block] = scale.scale * static_cast<float>(total);
    out.totals[block] = total;
  }
}

}  // namespace
}  // namespace rocmforge::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rocmforge::cpu {

QuantizeRow quantize_row(CpuTier tier) { return ROCMFORGE_CPU_PICK(quantize, tier); }

}  // namespace rocmforge::cpu
#endif
