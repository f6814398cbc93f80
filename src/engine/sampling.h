// Combines the user's sampling options with those that the model's file recommends into settings of the sampler.
#pragma once

#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "gguf/metadata.h"
#include "rocmforge/sampling.h"
#include "sample/settings.h"
#include "text/tokenizer.h"

namespace rocmforge::engine {

// Converts DRY's sequence breakers to tokens of one model. This searches the whole vocabulary, so the results of the
// last requests are kept. May be used by several threads at once.
class DryBreakers {
 public:
  // Throws Error if there are too many texts.
  sample::Breakers find(const std::vector<std::string>& texts, const text::Tokenizer& tokenizer);

 private:
  struct Known {
    std::set<std::string> texts;
    sample::Breakers breakers;
  };
  std::mutex mutex_;
  std::vector<Known> known_;  // under mutex_; the most recently used is the last
};

// Reads the file's recommendations: the keys `general.sampling.*`, of any scalar type or as a text that begins with a
// number, and as biases the tokens below `vocabulary` that the file suppresses. Ignores invalid values and logs a
// warning.
SamplingOptions recommended_sampling(const gguf::Metadata& metadata, int vocabulary);

// Returns the sampler's settings: the user's wishes take precedence over the recommendations, and those over the
// defaults. Draws a random seed if none is given. Throws Error, with the name of the setting, if a value is invalid.
// The tokenizer may be nullptr; then DRY has no breakers and ignore_eos has no effect. `vocabulary`: the model's number
// of tokens.
sample::Settings resolve_sampling(const SamplingOptions& wishes, const SamplingOptions& recommended,
                                  const text::Tokenizer* tokenizer, int vocabulary, DryBreakers& breakers);

}  // namespace rocmforge::engine
