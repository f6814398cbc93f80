// A stage of the chain: it drops candidates or changes their logits.
#pragma once

#include "sample/candidates.h"
#include "sample/random.h"
#include "sample/settings.h"

namespace rocmforge::sample {

class Stage {
 public:
  // What is known of a stage beforehand; it lets the sampler leave out what cannot matter.
  enum class Effect {
    kAny,
    kKeepsLikeliest,  // the first candidate in order stays the first
    kOnlyLikeliest,   // leaves just that
  };

  Stage() = default;
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;
  virtual ~Stage() = default;

  virtual Effect effect() const { return Effect::kAny; }
  // A token of the history.
  virtual void remember(TokenId) {}
  virtual void apply(Candidates& candidates, Random& random) = 0;
};

}  // namespace rocmforge::sample
