// Functions that make a single pass over a model's logits.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <span>

#include "sample/settings.h"

namespace rocmforge::sample {

inline constexpr float kImpossible = -std::numeric_limits<float>::infinity();

// Returns the logit as the samplers use it: NaN becomes minus infinity, and infinity the largest finite number, so that
// there is a distribution, which such tokens share among them.
inline float sound_logit(float logit) {
  constexpr float kMost = std::numeric_limits<float>::max();
  logit = logit > kImpossible ? logit : kImpossible;  // false for NaN
  return logit < kMost ? logit : kMost;
}

// Number of logits per block of a pass. A block fits into the L1 cache and is a whole number of vectors.
inline constexpr int kLogitBlock = 64;

// Number of parallel accumulators. They are combined at the end in a fixed order, so that vectorized loops give the
// same result with every compiler.
inline constexpr int kLanes = 8;

inline float larger(float a, float b) { return a > b ? a : b; }

// Returns the element-wise maxima of the two halves.
template <std::size_t Count>
std::array<float, Count / 2> larger_halves(const std::array<float, Count>& values) {
  std::array<float, Count / 2> result;
  for (std::size_t i = 0; i < Count / 2; ++i) result[i] = larger(values[i + Count / 2], values[i]);
  return result;
}

// Returns the largest of a whole block. Requires: results of sound_logit().
inline float largest_in_block(const float* logits) {
  std::array<float, kLogitBlock> all;
  std::copy_n(logits, kLogitBlock, all.begin());
  const auto four = larger_halves(larger_halves(larger_halves(larger_halves(all))));
  return larger(larger(four[0], four[1]), larger(four[2], four[3]));
}

// Returns the largest of any logits, or kImpossible if no token is possible.
float largest_of(std::span<const float> logits);

// Returns the first token with the largest logit, or -1 if no token is possible.
TokenId likeliest_token(std::span<const float> logits);

}  // namespace rocmforge::sample
