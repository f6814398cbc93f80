// The encoder of NVFP4, which tries scales around the simplest choice, 16 groups at a time.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "quant/nvfp4_simd.cpp"
#include <hwy/foreach_target.h>

#include <cstddef>
#include <limits>

#include "quant/nvfp4.h"
#include "quant/scale_search-inl.h"
#include "quant/search_encoders-inl.h"
#include "quant/tiles-inl.h"

HWY_BEFORE_NAMESPACE();
namespace rocmforge::quant::HWY_NAMESPACE {

// Rounds like Fp4E2M1::nearest(): steps of 0.5 below 2, of 1 below 4, of 2 above. The greater the added number, the
// coarser the steps to which the sum is rounded.
struct E2M1Levels {
  static HWY_ATTR Lanes nearest(Lanes scaled) {
    const Lanes magnitude = hn::Abs(scaled);
    const Lanes coarse = hn::IfThenElse(hn::Lt(magnitude, all(4)), all(0x1.8p23f), all(0x1.8p24f));
    const Lanes magic = hn::IfThenElse(hn::Lt(magnitude, all(2)), all(0x1.8p22f), coarse);
    return hn::CopySign(hn::Min((magnitude + magic) - magic, all(6)), scaled);
  }
};

// The codes of the scales, one per group.
using ScaleCodes = std::array<std::uint8_t, kTileGroups>;

// Computes the scale that maps the greatest magnitude to the top element. Returns false if it exceeds E4M3.
inline bool top_scale(const float* group, std::uint8_t& code) {
  code = Fp8E4M3::encode(greatest_magnitude({group, 16}) / Fp4E2M1::max(), Overflow::kToSpecial);
  return code <= Fp8E4M3::kMaxCode;
}

// Tries scales around the top scale. A smaller scale saturates the greatest values and is finer for the others. Four or
// five codes up are a factor of about 1.5: the greatest magnitude is then near the next lower element, 4 instead of 6,
// which may suit the others better.
HWY_ATTR void improve_scales(const Tile<16>& tile, ScaleCodes& codes) {
  const ScaleCodes top = codes;
  PerGroup least;
  least.of.fill(std::numeric_limits<float>::infinity());
  for (const int step : {0, -1, 1, 3, 4, 5}) {
    ScaleCodes tried;
    PerGroup scale;
    PerGroup error;
    for (int g = 0; g < kTileGroups; ++g) {
      tried[g] = static_cast<std::uint8_t>(std::clamp(top[g] + step, 0, Fp8E4M3::kMaxCode));
      scale.of[g] = decode_nvfp4_scale(tried[g]);
    }
    for (int c = 0; c < tile.chunks(); ++c) error.store(c, error_of<E2M1Levels>(tile.chunk(c), scale.load(c)));
    for (int g = 0; g < kTileGroups; ++g) {
      const bool better = error.of[g] < least.of[g];
      codes[g] = better ? tried[g] : codes[g];
      least.of[g] = better ? error.of[g] : least.of[g];
    }
  }
}

HWY_ATTR int encode_nvfp4_tile(const float* values, BlockNVFP4* blocks, int block_count) {
  ScaleCodes codes;
  for (int g = 0; g < kTileGroups; ++g) {
    const bool held = top_scale(values + 16 * g, codes[g]);
    if (!held && g / 4 < block_count) return g / 4;
  }
  improve_scales(Tile<16>(values, nullptr), codes);
  for (int g = 0; g < 4 * block_count; ++g) {
    encode_group(Values<16>(values + 16 * g, 16), codes[g], g % 4, blocks[g / 4]);
  }
  return block_count;
}

std::size_t encode_nvfp4(const float* values, const float*, std::byte* out, std::size_t count) {
  return encode_tiles<BlockNVFP4>(values, nullptr, out, count,
                                  [](const float* x, const float*, BlockNVFP4* blocks, int here)
                                      HWY_ATTR { return encode_nvfp4_tile(x, blocks, here); });
}

}  // namespace rocmforge::quant::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
