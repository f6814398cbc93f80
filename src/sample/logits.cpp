#include "sample/logits.h"

#include <algorithm>
#include <array>

namespace rocmforge::sample {

float largest_of(std::span<const float> logits) {
  std::array<float, 4 * kLanes> most;
  most.fill(kImpossible);
  std::size_t i = 0;
  for (; i + most.size() <= logits.size(); i += most.size()) {
    for (std::size_t lane = 0; lane < most.size(); ++lane) {
      const float logit = logits[i + lane];
      most[lane] = logit > most[lane] ? logit : most[lane];
    }
  }
  for (; i < logits.size(); ++i) most[0] = logits[i] > most[0] ? logits[i] : most[0];
  return sound_logit(*std::max_element(most.begin(), most.end()));
}

TokenId likeliest_token(std::span<const float> logits) {
  const float largest = largest_of(logits);
  if (largest == kImpossible) return -1;
  std::size_t token = 0;
  while (!(logits[token] >= largest)) ++token;
  return static_cast<TokenId>(token);
}

}  // namespace rocmforge::sample
