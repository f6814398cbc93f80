// Rows of values to blocks of any format and back.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "base/cpu_tier.h"
#include "quant/formats.h"

namespace rocmforge::quant {

// blocks holds whole blocks, and out has room for exactly their values. The result has the same bits on every tier.
void decode_row(const Format& format, std::span<const std::byte> blocks, std::span<float> out,
                CpuTier tier = best_cpu_tier());

// A value that the format cannot hold: NaN, infinite, or one that drives its block's scale beyond the scale's type.
struct Unencodable {
  std::size_t column;
  float value;
};

// values is a whole row; importance is empty or has one number, not negative, a value. The result has the same bits on
// every tier. Where it is not empty, what was written to blocks means nothing.
std::optional<Unencodable> encode_row(const Format& format, std::span<const float> values,
                                      std::span<const float> importance, std::span<std::byte> blocks,
                                      CpuTier tier = best_cpu_tier());

}  // namespace rocmforge::quant
