// Single passes over a model's logits as they are.
#pragma once

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

// Accumulators side by side, combined at the end: a loop over them becomes vector code, and its order is the same with
// every compiler.
inline constexpr int kLanes = 8;

// Of logits as they come; kImpossible if none is possible.
float largest_of(std::span<const float> logits);

// The first of the largest; -1 if none is possible.
TokenId likeliest_token(std::span<const float> logits);

}  // namespace rocmforge::sample
