// Computes the weights and masses of tokens in the softmax from their logits.
#pragma once

#include "sample/exponential.h"
#include "sample/logits.h"
#include "sample/selection.h"

namespace rocmforge::sample {

// Sets weights = e^(logit - largest) for a block of logits and returns the sum of their masses. Requires: results of
// sound_logit(), none above `largest`.
inline Mass weigh_block(const float* logits, float largest, float* weights) {
  for (int i = 0; i < kLogitBlock; ++i) weights[i] = exp_below(logits[i] - largest);
  Mass sum = 0;
  for (int i = 0; i < kLogitBlock; ++i) sum += mass_of_weight(weights[i]);
  return sum;
}

}  // namespace rocmforge::sample
