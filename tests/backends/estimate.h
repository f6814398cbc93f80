// Estimates the results of products, and the maximum error of a backend that rounds as allowed.
//
// A backend may round the activations of quantized formats to 8 bits in blocks of 32 that share a scale of 1/127 of the
// greatest magnitude, which changes a value by at most half a step. It sums in float, in any fixed order whose chains
// of additions are no longer than kChain or the number of blocks.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "backends/backends.h"

namespace rocmforge::testing {

inline constexpr double kFloatRounding = 0x1p-24;

struct Estimate {
  double value = 0;
  double error = 0;  // maximum error
};

using Estimates = std::vector<Estimate>;

inline Estimates exactly(std::span<const float> values) {
  Estimates estimates;
  for (const float value : values) estimates.push_back({value, 0});
  return estimates;
}

inline bool may_round_activations(const quant::Format& format) { return !format.is_plain_float(); }

// Returns the product of weights and x.
inline Estimate product(const quant::Format& format, std::span<const float> weights, const Estimates& x) {
  constexpr double kChain = 96;  // 512 columns in eight lanes, the lanes, and the multiplications
  Estimate result;
  double magnitudes = 0;
  for (std::size_t first = 0; first < weights.size(); first += 32) {
    const std::size_t end = std::min(first + 32, weights.size());
    double greatest = 0;
    double greatest_weight = 0;
    for (std::size_t i = first; i < end; ++i) {
      greatest = std::max(greatest, std::fabs(x[i].value) + x[i].error);
      greatest_weight = std::max(greatest_weight, std::fabs(static_cast<double>(weights[i])));
    }
    const double rounding = may_round_activations(format) ? greatest / 127 / 2 * 1.0001 : 0;
    for (std::size_t i = first; i < end; ++i) {
      const double weight = weights[i];
      result.value += weight * x[i].value;
      result.error += std::fabs(weight) * (x[i].error + rounding);
      // If a block has a scale and a minimum, they are summed separately, and either may be greater than the weight.
      const double summand = may_round_activations(format) ? 4 * greatest_weight : std::fabs(weight);
      magnitudes += summand * (std::fabs(x[i].value) + x[i].error + rounding);
    }
  }
  const double blocks = static_cast<double>(weights.size()) / 32;
  result.error += (kChain + 2 * blocks) * kFloatRounding * magnitudes;
  return result;
}

inline Estimate scaled_and_shifted(Estimate x, double scale, double bias) {
  const double value = x.value * scale + bias;
  const double rounding = 2 * kFloatRounding * (std::fabs(x.value * scale) + std::fabs(bias));
  return {value, x.error * std::fabs(scale) + rounding};
}

inline double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

inline constexpr ops::Xielu kXieluNumbers = {0.8f, 0.6f, 0.5f, -1e-6f};

inline double activation_of(ops::Activation activation, double x) {
  switch (activation) {
    case ops::Activation::kIdentity: return x;
    case ops::Activation::kSigmoid: return sigmoid(x);
    case ops::Activation::kXielu:
      if (x > 0) return kXieluNumbers.positive * x * x + kXieluNumbers.beta * x;
      return (std::expm1(std::min<double>(x, kXieluNumbers.epsilon)) - x) * kXieluNumbers.negative +
             kXieluNumbers.beta * x;
    case ops::Activation::kSilu: return x * sigmoid(x);
    case ops::Activation::kGeluTanh: return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    case ops::Activation::kGeluErf: return 0.5 * x * std::erfc(-x / std::sqrt(2.0));
    case ops::Activation::kRelu: return std::max(x, 0.0);
    case ops::Activation::kReluSquared: return std::max(x, 0.0) * std::max(x, 0.0);
    case ops::Activation::kGptOss: return std::min(x, 7.0) * sigmoid(1.702 * std::min(x, 7.0));
  }
  return 0;
}

// The functions' slopes are at most 1.2, except for the squares; their own relative error is a few roundings.
inline Estimate activated(ops::Activation activation, Estimate x) {
  const double value = activation_of(activation, x.value);
  const bool is_square = activation == ops::Activation::kReluSquared || activation == ops::Activation::kXielu;
  const double slope = is_square ? 1.2 + 2 * (std::fabs(x.value) + x.error) : 1.2;
  return {value, slope * x.error + 24 * kFloatRounding * (std::fabs(value) + std::fabs(x.value) * 0.01)};
}

inline Estimate activated(ops::Activation activation, Estimate gate, Estimate up) {
  const Estimate f = activated(activation, gate);
  if (activation == ops::Activation::kGptOss) up.value = std::clamp(up.value, -7.0, 7.0) + 1;
  const double value = f.value * up.value;
  return {value, f.error * (std::fabs(up.value) + up.error) + std::fabs(f.value) * up.error +
                     2 * kFloatRounding * (std::fabs(value) + std::fabs(f.value))};
}

// Checks that every number is within its estimate's error.
inline void expect_within(const Numbers& found, const Estimates& expected, const std::string& what) {
  ASSERT_EQ(found.size(), expected.size()) << what;
  for (std::size_t i = 0; i < found.size(); ++i) {
    ASSERT_LE(std::fabs(static_cast<double>(found[i]) - expected[i].value), expected[i].error)
        << what << ": number " << i << " is " << found[i] << ", expected " << expected[i].value;
  }
}

}  // namespace rocmforge::testing
