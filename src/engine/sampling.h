// From what a user asks for and what a model's file recommends to what the sampler is set to.
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

// DRY's sequence breakers as tokens of one model. Finding them takes a walk over the vocabulary, so that those of the last
// requests are kept. May be used by several threads at once.
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
  std::vector<Known> known_;  // under mutex_; the last used is the last
};

// The keys `general.sampling.*`, of any scalar type, or a text that begins with a number; and the tokens that are never
// to be drawn, as biases. What cannot be read or makes no sense is ignored, which the log says. Tokens are those below
// `vocabulary`.
SamplingOptions recommended_sampling(const gguf::Metadata& metadata, int vocabulary);

// The user's wishes, then the recommendations, then the defaults. Without a seed one is drawn from the system. An Error
// names the setting that makes no sense. The tokenizer may be nullptr: then DRY knows no breakers, and nothing ends the
// generation. `vocabulary` is the model's number of tokens.
sample::Settings resolve_sampling(const SamplingOptions& wishes, const SamplingOptions& recommended,
                                  const text::Tokenizer* tokenizer, int vocabulary, DryBreakers& breakers);

}  // namespace rocmforge::engine
