// Continues a prompt, one token after the other.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/runner.h"
#include "text/detokenizer.h"
#include "text/tokenizer.h"

namespace rocmforge::engine {

struct GenerationStatistics {
  int prompt_tokens = 0;
  int cached_tokens = 0;  // of the prompt, whose keys and values were there already
  double prompt_seconds = 0;
  int new_tokens = 0;
  bool context_is_full = false;  // which ended it
  double new_seconds = 0;        // of all new tokens but the first, which comes with the prompt
};

// Takes the likeliest token each time, until `most` are there, the context is full, or on_token answers false. The
// prompt is computed in steps of the runner's size. Where there is an encoder it reads the prompt, and the decoder
// begins with its start token.
GenerationStatistics continue_greedily(Runner& runner, std::span<const kv::TokenId> prompt, int most,
                                       const std::function<bool(kv::TokenId)>& on_token);

// The number of the greatest value, the lowest of equal ones.
kv::TokenId likeliest(std::span<const float> logits);

// Text of a model's new tokens, as they come; where its file has no tokenizer there is none.
class TokenText {
 public:
  explicit TokenText(const gguf::File& file);

  bool is_there() const { return tokenizer_ != nullptr; }
  bool ends_generation(kv::TokenId token) const;
  // What the token completes.
  std::string feed(kv::TokenId token);
  std::string finish();

 private:
  std::unique_ptr<text::Tokenizer> tokenizer_;
  std::unique_ptr<text::Detokenizer> detokenizer_;
};

}  // namespace rocmforge::engine
