// From logits to masses: what each token weighs in the softmax.
#pragma once

#include "sample/exponential.h"
#include "sample/logits.h"
#include "sample/selection.h"

namespace rocmforge::sample {

// weights = e^(logit - largest) for a block of sound logits, none above `largest`; gives the sum of their masses.
inline Mass weigh_block(const float* logits, float largest, float* weights) {
  for (int i = 0; i < kLogitBlock; ++i) weights[i] = exp_below(logits[i] - largest);
  Mass sum = 0;
  for (int i = 0; i < kLogitBlock; ++i) sum += mass_of_weight(weights[i]);
  return sum;
}

}  // namespace rocmforge::sample
