#include "quant/codec.h"

#include <cmath>
#include <vector>

#include "base/error.h"
#include "quant/block.h"
#include "quant/row_kernels.h"

namespace rocmforge::quant {
namespace {

// Returns the first value that is NaN or infinite.
Unencodable first_not_finite(std::span<const float> values) {
  const auto found = std::ranges::find_if(values, [](float value) { return !is_finite(value); });
  return {static_cast<std::size_t>(found - values.begin()), *found};
}

Unencodable greatest_of(std::span<const float> values, std::size_t first, std::size_t count) {
  const auto block = values.subspan(first, count);
  const auto found = std::ranges::max_element(block, {}, magnitude_bits);
  return {first + static_cast<std::size_t>(found - block.begin()), *found};
}

// Returns the mean square. Requires: the number of values is a multiple of 16. There are 16 partial sums, so that no
// addition waits for the previous one.
float mean_square(std::span<const float> values) {
  std::array<double, 16> sums{};
  for (std::size_t first = 0; first < values.size(); first += sums.size()) {
    for (std::size_t j = 0; j < sums.size(); ++j) {
      const double value = values[first + j];
      sums[j] += value * value;
    }
  }
  return static_cast<float>(sum(sums) / static_cast<double>(values.size()));
}

// Returns the error weight of every value, or nothing if all are equal. The weights of a block are scaled to a maximum
// of 1: only their ratios matter, and importances may have any magnitude.
std::vector<float> error_weights(const Format& format, std::span<const float> values,
                                 std::span<const float> importance) {
  if (importance.empty() || format.weight_rule == WeightRule::kIgnored) return {};
  std::vector<float> weights(importance.begin(), importance.end());
  const float row_mean = format.weight_rule == WeightRule::kRowMean ? mean_square(values) : 0;
  for (std::size_t first = 0; first < values.size(); first += format.block_values) {
    const auto block = values.subspan(first, format.block_values);
    const auto own = std::span(weights).subspan(first, format.block_values);
    if (format.weight_rule != WeightRule::kImportanceAlone) {
      const float mean = format.weight_rule == WeightRule::kRowMean ? row_mean : mean_square(block);
      const float added = format.weight_rule == WeightRule::kTwiceBlockMean ? 2 * mean : mean;
      for (std::size_t j = 0; j < own.size(); ++j) own[j] *= std::sqrt(added + block[j] * block[j]);
    }
    const float greatest = greatest_magnitude(own);
    if (greatest > 0 && is_finite(greatest)) {
      for (float& weight : own) weight /= greatest;
    } else {
      std::ranges::fill(own, 1.0f);
    }
  }
  return weights;
}

// Blocks in a GGUF file are always aligned, since tensors begin at multiples of 32.
bool is_aligned(const std::byte* blocks, const RowKernels& kernels) {
  return reinterpret_cast<std::uintptr_t>(blocks) % kernels.alignment == 0;
}

}  // namespace

void decode_row(const Format& format, std::span<const std::byte> blocks, std::span<float> out, CpuTier tier) {
  const std::size_t count = blocks.size() / format.block_bytes;
  RF_CHECK(blocks.size() == count * format.block_bytes && out.size() == count * format.block_values);
  const RowKernels& kernels = row_kernels(format.id, tier);
  if (is_aligned(blocks.data(), kernels)) {
    kernels.decode(blocks.data(), out.data(), count);
  } else {
    const std::vector<std::byte> aligned(blocks.begin(), blocks.end());
    kernels.decode(aligned.data(), out.data(), count);
  }
}

std::optional<Unencodable> encode_row(const Format& format, std::span<const float> values,
                                      std::span<const float> importance, std::span<std::byte> blocks, CpuTier tier) {
  const std::size_t count = values.size() / format.block_values;
  RF_CHECK(format.has_encoder && values.size() == count * format.block_values);
  RF_CHECK(blocks.size() == count * format.block_bytes && (importance.empty() || importance.size() == values.size()));
  if (values.empty()) return std::nullopt;
  const RowKernels& kernels = row_kernels(format.id, tier);
  const float greatest = greatest_magnitude(values, tier);
  if (!is_finite(greatest)) return first_not_finite(values);
  if (kernels.scales_are_halves && greatest > kGreatestOfHalfScales) {
    const auto beyond =
        std::ranges::find_if(values, [](float value) { return std::fabs(value) > kGreatestOfHalfScales; });
    const auto column = static_cast<std::size_t>(beyond - values.begin());
    return greatest_of(values, column - column % format.block_values, format.block_values);
  }
  const std::vector<float> weights = error_weights(format, values, importance);
  const float* const weights_or_none = weights.empty() ? nullptr : weights.data();
  std::size_t encoded;
  if (is_aligned(blocks.data(), kernels)) {
    encoded = kernels.encode(values.data(), weights_or_none, blocks.data(), count);
  } else {
    std::vector<std::byte> aligned(blocks.size());
    encoded = kernels.encode(values.data(), weights_or_none, aligned.data(), count);
    std::ranges::copy(aligned, blocks.begin());
  }
  if (encoded == count) return std::nullopt;
  return greatest_of(values, encoded * format.block_values, format.block_values);
}

}  // namespace rocmforge::quant
