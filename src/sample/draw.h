// Draws one of the remaining candidates.
#pragma once

#include <algorithm>

#include "sample/candidates.h"
#include "sample/random.h"

namespace rocmforge::sample {

inline constexpr int kNone = -1;

// Draws a position by the softmax of the logits, with one random number. Returns kNone if no token is possible.
inline int draw_position(Candidates& candidates, Random& random) {
  candidates.weigh();
  const Mass total = candidates.total();
  if (total == 0) return kNone;
  const auto mass = static_cast<Mass>(random.uniform() * static_cast<double>(total));
  return candidates.position_at(std::min(mass, total - 1));
}

}  // namespace rocmforge::sample
