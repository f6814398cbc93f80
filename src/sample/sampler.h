// Draws tokens from logits, for one request: biases, the chain of stages, the draw, and what the request has said so
// far.
//
// Given the same logits, settings and seed it draws the same tokens with every compiler and on every processor: all
// that is computed here is elementary arithmetic in a fixed order. After the constructor and the first draw nothing
// allocates.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "sample/candidates.h"
#include "sample/settings.h"

namespace rocmforge::sample {

struct LikelyToken {
  TokenId token = 0;
  float logprob = 0;
};

class Sampler {
 public:
  // Requires valid settings: see check(). Draws work in `space`, which several samplers may share if they draw one after
  // the other, and which must outlive them; nullptr gives the sampler one of its own.
  Sampler(const Settings& settings, int vocabulary, Candidates* space = nullptr);
  Sampler(Sampler&&) noexcept;
  Sampler& operator=(Sampler&&) noexcept;
  ~Sampler();

  // A token of the prompt, which penalties and DRY look back at.
  void remember(TokenId token);

  // Draws a token, and remembers it. Logits that are no number count as minus infinity; where none is left that could
  // be drawn, the draw is kNothing.
  TokenId draw(std::span<const float> logits);
  static constexpr TokenId kNothing = -1;

  // The most memory that the stages of one sampler take in proportion to the vocabulary.
  static std::uint64_t stage_bytes(int vocabulary);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// ln p of a token under the softmax of the logits, and the likeliest `most` tokens in order, the lowest id first of
// equal ones. `likeliest` is replaced.
float logprob_of(std::span<const float> logits, TokenId token, int most, std::vector<LikelyToken>& likeliest);

}  // namespace rocmforge::sample
