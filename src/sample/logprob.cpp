// Computes log probabilities; see sampler.h.
#include <algorithm>
#include <array>

#include "base/error.h"
#include "sample/exponential.h"
#include "sample/logits.h"
#include "sample/sampler.h"
#include "sample/weights.h"

namespace rocmforge::sample {
namespace {

bool likelier(const LikelyToken& a, const LikelyToken& b) {
  return a.logprob > b.logprob || (a.logprob == b.logprob && a.token < b.token);
}

// Finds the first `most` tokens in order, for now with their logits, with a heap whose top is the last of them.
void find_likeliest(std::span<const float> logits, std::size_t most, std::vector<LikelyToken>& likeliest) {
  likeliest.clear();
  likeliest.reserve(most);
  const auto consider = [&](std::size_t token) {
    const LikelyToken candidate = {static_cast<TokenId>(token), sound_logit(logits[token])};
    if (candidate.logprob == kImpossible) return;
    if (likeliest.size() == most) {
      if (!likelier(candidate, likeliest.front())) return;
      std::pop_heap(likeliest.begin(), likeliest.end(), likelier);
      likeliest.pop_back();
    }
    likeliest.push_back(candidate);
    std::push_heap(likeliest.begin(), likeliest.end(), likelier);
  };
  if (most == 0) return;
  for (std::size_t begin = 0; begin < logits.size(); begin += kLogitBlock) {
    const auto block = logits.subspan(begin, std::min<std::size_t>(kLogitBlock, logits.size() - begin));
    // A block is skipped if its largest logit is not larger than the smallest kept one: an earlier token of the same
    // logit is preferred.
    if (likeliest.size() == most && largest_of(block) <= likeliest.front().logprob) continue;
    for (std::size_t i = 0; i < block.size(); ++i) consider(begin + i);
  }
  std::sort_heap(likeliest.begin(), likeliest.end(), likelier);
}

// Returns the sum of e^(logit - largest).
double sum_of_powers(std::span<const float> logits, float largest) {
  Mass sum = 0;
  std::array<float, kLogitBlock> sound;
  std::array<float, kLogitBlock> weights;
  for (std::size_t begin = 0; begin < logits.size(); begin += kLogitBlock) {
    const std::size_t count = std::min<std::size_t>(kLogitBlock, logits.size() - begin);
    std::fill(sound.begin() + static_cast<std::ptrdiff_t>(count), sound.end(), kImpossible);
    for (std::size_t i = 0; i < count; ++i) sound[i] = sound_logit(logits[begin + i]);
    sum += weigh_block(sound.data(), largest, weights.data());
  }
  return static_cast<double>(sum) / static_cast<double>(kWholeMass);
}

}  // namespace

float logprob_of(std::span<const float> logits, TokenId token, int most, std::vector<LikelyToken>& likeliest) {
  RF_CHECK(token >= 0 && static_cast<std::size_t>(token) < logits.size());
  find_likeliest(logits, std::min(static_cast<std::size_t>(std::max(most, 0)), logits.size()), likeliest);
  const float largest = likeliest.empty() ? largest_of(logits) : likeliest.front().logprob;
  if (largest == kImpossible) return kImpossible;
  const double log_sum = logarithm(sum_of_powers(logits, largest));
  const auto logprob = [&](float logit) {
    return static_cast<float>(static_cast<double>(logit) - static_cast<double>(largest) - log_sum);
  };
  for (LikelyToken& likely : likeliest) likely.logprob = logprob(likely.logprob);
  return logprob(sound_logit(logits[static_cast<std::size_t>(token)]));
}

}  // namespace rocmforge::sample
