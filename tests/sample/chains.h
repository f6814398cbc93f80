// Makes settings, logits and stages for the tests.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

#include "sample/sampler.h"
#include "sample/stages.h"

namespace rocmforge::sample {

inline constexpr float kInfinity = std::numeric_limits<float>::infinity();
inline constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

inline Settings chain(std::string_view stages) {
  Settings settings;
  settings.stages = parse_stages(stages);
  return settings;
}

// Returns logits for probabilities, which need not add up to 1.
inline std::vector<float> logits_of(const std::vector<double>& probabilities) {
  std::vector<float> logits;
  for (const double p : probabilities) logits.push_back(static_cast<float>(std::log(p)));
  return logits;
}

inline Candidates candidates_of(std::span<const float> logits) {
  Candidates candidates(static_cast<int>(logits.size()));
  candidates.assign(logits);
  return candidates;
}

inline std::vector<TokenId> tokens_of(const Candidates& candidates) {
  std::vector<TokenId> tokens;
  for (int i = 0; i < candidates.size(); ++i) tokens.push_back(candidates.token(i));
  return tokens;
}

// Returns the tokens that one stage keeps of the whole vocabulary.
inline std::vector<TokenId> left_by(StageFactory* make, const Settings& settings, std::span<const float> logits) {
  Candidates candidates = candidates_of(logits);
  Random random(1);
  if (const auto stage = make(settings, static_cast<int>(logits.size()))) stage->apply(candidates, random);
  return tokens_of(candidates);
}

// Returns the logits of the whole vocabulary after a stage that has seen the history and drops nothing.
inline std::vector<float> logits_after(StageFactory* make, const Settings& settings, std::span<const TokenId> history,
                                       std::span<const float> logits) {
  Candidates candidates = candidates_of(logits);
  Random random(1);
  if (const auto stage = make(settings, static_cast<int>(logits.size()))) {
    for (const TokenId token : history) stage->remember(token);
    stage->apply(candidates, random);
  }
  std::vector<float> changed;
  for (int i = 0; i < candidates.size(); ++i) changed.push_back(candidates.logit(i));
  return changed;
}

// A simple generator of random data: 32 bits at a time.
class Bits {
 public:
  explicit Bits(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15 + 0x632be59bd9b4e019) {}
  std::uint32_t next() {
    state_ = state_ * 6364136223846793005 + 1442695040888963407;
    return static_cast<std::uint32_t>((state_ ^ state_ >> 22) >> (22 + (state_ >> 61)));
  }
  int below(int limit) { return static_cast<int>(next() % static_cast<std::uint32_t>(limit)); }

 private:
  std::uint64_t state_;
};

// Returns logits similar to a model's: most within a few units of 0, a handful far above. They are multiples of 1/1024,
// so that they are the same floats everywhere.
inline std::vector<float> random_logits(int vocabulary, std::uint64_t seed) {
  Bits bits(seed);
  std::vector<float> logits;
  for (int i = 0; i < vocabulary; ++i) {
    const std::uint32_t random = bits.next();
    int sum = 0;
    for (int part = 0; part < 4; ++part) sum += static_cast<int>(random >> 8 * part & 255) - 128;
    logits.push_back(static_cast<float>(sum * 16) / 1024.0f);
  }
  for (int i = 0; i < 12; ++i)
    logits[bits.next() % logits.size()] += static_cast<float>(bits.below(12 * 1024)) / 1024.0f;
  return logits;
}

}  // namespace rocmforge::sample
