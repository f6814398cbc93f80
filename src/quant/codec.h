// Converts rows of values to blocks of any format and back.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "base/cpu_tier.h"
#include "quant/formats.h"

namespace rocmforge::quant {

// Decodes whole blocks. Requires: `out` has exactly their number of values. The result has the same bits on every tier.
void decode_row(const Format& format, std::span<const std::byte> blocks, std::span<float> out,
                CpuTier tier = best_cpu_tier());

// A value that the format cannot hold: NaN, infinity, or a value for which its block's scale exceeds the scale's type.
struct Unencodable {
  std::size_t column;
  float value;
};

// Encodes a whole row. `importance` is empty or has one nonnegative number per value. The result has the same bits on
// every tier. Returns a value that cannot be encoded, if there is one; the contents of `blocks` are then undefined.
std::optional<Unencodable> encode_row(const Format& format, std::span<const float> values,
                                      std::span<const float> importance, std::span<std::byte> blocks,
                                      CpuTier tier = best_cpu_tier());

}  // namespace rocmforge::quant
