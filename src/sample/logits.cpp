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
  // Finds the part with the first occurrence of the largest logit, then the position in it.
  constexpr std::size_t kPart = 4096;
  std::size_t best = 0;
  float largest = kImpossible;
  for (std::size_t begin = 0; begin < logits.size(); begin += kPart) {
    const float largest_here = largest_of(logits.subspan(begin, std::min(kPart, logits.size() - begin)));
    if (!(largest_here > largest)) continue;
    largest = largest_here;
    best = begin;
  }
  if (largest == kImpossible) return -1;
  while (!(logits[best] >= largest)) ++best;
  return static_cast<TokenId>(best);
}

}  // namespace rocmforge::sample
