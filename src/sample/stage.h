// The interface of a stage of the sampling chain. A stage drops candidates or changes their logits.
#pragma once

#include "sample/candidates.h"
#include "sample/random.h"
#include "sample/settings.h"

namespace rocmforge::sample {

class Stage {
 public:
  // What is known about a stage's result in advance. The sampler uses it to leave out stages that cannot matter.
  enum class Effect {
    kAny,
    kKeepsLikeliest,  // the first candidate in order remains the first
    kOnlyLikeliest,   // keeps the first candidate only
  };

  Stage() = default;
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;
  virtual ~Stage() = default;

  virtual Effect effect() const { return Effect::kAny; }
  // Adds a token to the history.
  virtual void remember(TokenId) {}
  virtual void apply(Candidates& candidates, Random& random) = 0;
};

}  // namespace rocmforge::sample
