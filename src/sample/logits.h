// Single passes over a model's logits as they are.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <span>

#include "sample/settings.h"

namespace rocmforge::sample {

inline constexpr float kImpossible = -std::numeric_limits<float>::infinity();

// As the samplers see a logit: no number is impossible, and infinity is the largest finite number, so that there is a
// distribution, in which such tokens share all that there is.
inline float sound_logit(float logit) {
  constexpr float kMost = std::numeric_limits<float>::max();
  logit = logit > kImpossible ? logit : kImpossible;  // false for what is no number
  return logit < kMost ? logit : kMost;
}

// Passes are made in blocks of so many logits, small enough for the first cache and a whole number of vectors.
inline constexpr int kLogitBlock = 64;

// Accumulators side by side, combined at the end in one order: loops over them become vector code that gives the same
// with every compiler.
inline constexpr int kLanes = 8;

inline float larger(float a, float b) { return a > b ? a : b; }

// The larger of the one half's and the other half's, side by side.
template <std::size_t Count>
std::array<float, Count / 2> larger_halves(const std::array<float, Count>& values) {
  std::array<float, Count / 2> result;
  for (std::size_t i = 0; i < Count / 2; ++i) result[i] = larger(values[i + Count / 2], values[i]);
  return result;
}

// Of a whole block of sound logits.
inline float largest_in_block(const float* logits) {
  std::array<float, kLogitBlock> all;
  std::copy_n(logits, kLogitBlock, all.begin());
  const auto four = larger_halves(larger_halves(larger_halves(larger_halves(all))));
  return larger(larger(four[0], four[1]), larger(four[2], four[3]));
}

// Of sound logits or others; kImpossible if none is possible.
float largest_of(std::span<const float> logits);

// The first of the largest; -1 if none is possible.
TokenId likeliest_token(std::span<const float> logits);

}  // namespace rocmforge::sample
