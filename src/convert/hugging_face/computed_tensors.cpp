#include "convert/hugging_face/computed_tensors.h"

#include <cmath>
#include <numbers>

#include "base/error.h"
#include "convert/hugging_face/model_sizes.h"
#include "convert/hugging_face/rope_settings.h"

namespace rocmforge::convert {
namespace {

std::uint64_t rotated_values(const Config& config, const ModelSizes& sizes) {
  const float share = config.number({"rope_parameters.partial_rotary_factor", "partial_rotary_factor"}).value_or(1);
  return static_cast<std::uint64_t>(static_cast<float>(sizes.head_width) * share);
}

// Returns Llama 3's divisors: wavelengths beyond the old context are stretched, those far below it are unchanged, and
// between the two the factor changes smoothly. Computed in float32 step by step, as in the reference.
std::vector<float> llama3_divisors(const Config& config, const RopeSettings& rope, std::uint64_t values) {
  const float base = rope.number("rope_theta").value_or(10000);
  const float factor = rope.number("factor").value_or(8);
  const float low = rope.number("low_freq_factor").value_or(1);
  const float high = rope.number("high_freq_factor").value_or(4);
  const float old_context = rope.number("original_max_position_embeddings").value_or(8192);
  if (low >= high || factor <= 0 || base <= 0) {
    throw error(ErrorCode::kMalformed,
                "{}: the rotation's low_freq_factor {}, high_freq_factor {} and factor {} make no sense", config.path(),
                low, high, factor);
  }
  std::vector<float> divisors;
  for (std::uint64_t i = 0; i < values; i += 2) {
    const float frequency = 1.0f / std::pow(base, static_cast<float>(i) / static_cast<float>(values));
    const float wavelength = static_cast<float>(2 * std::numbers::pi) / frequency;
    if (wavelength < old_context / high) {
      divisors.push_back(1);
    } else if (wavelength > old_context / low) {
      divisors.push_back(factor);
    } else {
      const float smooth = (old_context / wavelength - low) / (high - low);
      divisors.push_back(1 / ((1 - smooth) / factor + smooth));
    }
  }
  return divisors;
}

// Returns the divisors of Gemma 4's global layers, which rotate only the first part of a head.
std::vector<float> proportional_divisors(const Config& config) {
  const std::uint64_t width = config.count({"global_head_dim", "head_dim"}).value_or(0);
  const float share = config.number({"rope_parameters.full_attention.partial_rotary_factor"}).value_or(1);
  const auto rotated = static_cast<std::uint64_t>(share * static_cast<float>(width) / 2);
  std::vector<float> divisors(width / 2, 1e30f);
  std::fill_n(divisors.begin(), std::min<std::uint64_t>(rotated, divisors.size()), 1.0f);
  return divisors;
}

}  // namespace

std::vector<std::pair<std::string, std::unique_ptr<Weight>>> computed_tensors(const Config& config,
                                                                              std::string_view architecture) {
  std::vector<std::pair<std::string, std::unique_ptr<Weight>>> tensors;
  const auto add = [&](const std::string& name, std::vector<float> values) {
    if (values.empty()) return;
    const std::vector<std::uint64_t> shape = {values.size()};
    tensors.emplace_back(name, std::make_unique<ComputedWeight>(name, shape, std::move(values)));
  };
  const ModelSizes sizes = ModelSizes::of(config, architecture);
  const RopeSettings rope(config);
  if (architecture == "gemma4") {
    add("rope_freqs.weight", proportional_divisors(config));
  } else if (rope.type() == "llama3") {
    add("rope_freqs.weight", llama3_divisors(config, rope, rotated_values(config, sizes)));
  } else if (rope.type() == "longrope" || rope.type() == "su") {
    add("rope_factors_long.weight", rope.numbers("long_factor").value_or(std::vector<float>()));
    add("rope_factors_short.weight", rope.numbers("short_factor").value_or(std::vector<float>()));
  }
  return tensors;
}

}  // namespace rocmforge::convert
