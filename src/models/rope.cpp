#include "models/rope.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/error.h"
#include "gguf/tensor_values.h"

namespace rocmforge::models {
namespace {

std::vector<float> divisors_of(const RopeSpec& rope, const gguf::File& file, std::string_view name) {
  const gguf::Tensor& tensor = file.tensor(name);
  const gguf::Shape expected = {static_cast<std::uint64_t>(rope.dimensions / 2)};
  if (tensor.shape != expected) {
    throw error(ErrorCode::kMalformed, "{}: tensor '{}' is {}, expected {} (a pair of rotated values each)",
                file.path(), name, to_string(tensor.shape), to_string(expected));
  }
  gguf::refuse_integers(tensor, file.path());
  std::vector<float> divisors = gguf::decoded(tensor);
  for (const float divisor : divisors) {
    if (!(divisor > 0)) {
      throw error(ErrorCode::kMalformed, "{}: tensor '{}' holds {}, expected numbers above 0", file.path(), name,
                  divisor);
    }
  }
  return divisors;
}

// rope_freqs takes precedence if a file has more than one kind.
std::vector<float> divisors_of(const RopeSpec& rope, const gguf::File& file, std::int64_t context) {
  if (!rope.has_divisors) return {};
  if (file.find_tensor("rope_freqs.weight") != nullptr) return divisors_of(rope, file, "rope_freqs.weight");
  const bool has_long = file.find_tensor("rope_factors_long.weight") != nullptr;
  const bool has_short = file.find_tensor("rope_factors_short.weight") != nullptr;
  if (!has_long && !has_short) return {};
  const bool is_long = static_cast<double>(context) > rope.original_context;
  return divisors_of(rope, file, is_long ? "rope_factors_long.weight" : "rope_factors_short.weight");
}

// YaRN (Peng et al. 2023): slow pairs are interpolated, fast ones are left unchanged, with a ramp between them. The
// ramp ends at the pairs that turn beta_fast and beta_slow times within the original context.
class YarnRamp {
 public:
  explicit YarnRamp(const RopeSpec& rope)
      : low_(std::max(0.0, std::floor(pair_of_turns(rope, rope.beta_fast)))),
        high_(std::min(rope.dimensions - 1.0, std::ceil(pair_of_turns(rope, rope.beta_slow)))) {}

  // Returns 1 for a pair that is unchanged, 0 for one that is interpolated.
  double share_kept(int pair) const { return 1 - std::clamp((pair - low_) / std::max(0.001, high_ - low_), 0.0, 1.0); }

 private:
  static double pair_of_turns(const RopeSpec& rope, double turns) {
    return rope.dimensions * std::log(rope.original_context / (2 * std::numbers::pi * turns)) /
           (2 * std::log(static_cast<double>(rope.base)));
  }

  double low_;
  double high_;
};

}  // namespace

std::vector<float> rope_frequencies(const RopeSpec& rope, const gguf::File& file, std::int64_t context) {
  const std::vector<float> divisors = divisors_of(rope, file, context);
  std::vector<float> frequencies(static_cast<std::size_t>(rope.dimensions / 2));
  for (std::size_t p = 0; p < frequencies.size(); ++p) {
    double frequency = std::pow(static_cast<double>(rope.base), -2.0 * static_cast<double>(p) / rope.dimensions);
    if (!divisors.empty()) frequency /= divisors[p];
    if (rope.scaling == RopeScaling::kLinear) frequency /= rope.factor;
    if (rope.scaling == RopeScaling::kYarn) {
      const double kept = YarnRamp(rope).share_kept(static_cast<int>(p));
      frequency = frequency / rope.factor * (1 - kept) + frequency * kept;
    }
    frequencies[p] = static_cast<float>(frequency);
  }
  return frequencies;
}

const std::vector<std::string>& rope_tensors() {
  static const std::vector<std::string> names = {"rope_freqs.weight", "rope_factors_long.weight",
                                                 "rope_factors_short.weight"};
  return names;
}

}  // namespace rocmforge::models
