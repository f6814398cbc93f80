// Draws tokens from logits for one request: applies biases and the chain of stages, draws, and remembers the request's
// tokens.
//
// With the same logits, settings and seed it draws the same tokens with every compiler and on every processor:
// everything here is elementary arithmetic in a fixed order. Nothing allocates after the constructor and the first
// draw.
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
  // Requires: `settings` are valid; see check(). Draws work in `space`, which must outlive the sampler. Several
  // samplers may share it if they draw one after the other; nullptr gives the sampler a space of its own.
  Sampler(const Settings& settings, int vocabulary, Candidates* space = nullptr);
  Sampler(Sampler&&) noexcept;
  Sampler& operator=(Sampler&&) noexcept;
  ~Sampler();

  // Adds a token of the prompt to the history, which penalties and DRY read.
  void remember(TokenId token);

  // Draws a token and adds it to the history. NaN logits are treated as minus infinity. Returns kNothing if no token
  // can be drawn.
  TokenId draw(std::span<const float> logits);
  static constexpr TokenId kNothing = -1;

  // The most memory that the stages of one sampler take in proportion to the vocabulary.
  static std::uint64_t stage_bytes(int vocabulary);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Returns ln p of a token under the softmax of the logits. Replaces `likeliest` by the likeliest `most` tokens in
// order, of equal ones the lowest id first.
float logprob_of(std::span<const float> logits, TokenId token, int most, std::vector<LikelyToken>& likeliest);

}  // namespace rocmforge::sample
