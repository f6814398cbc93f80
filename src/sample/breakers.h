// The sequence breakers of DRY: token sequences at which a repetition ends. Finds whether a text ends with one.
#pragma once

#include <span>
#include <vector>

#include "sample/settings.h"

namespace rocmforge::sample {

class Breakers {
 public:
  // Longer breakers are truncated, which bounds the time of end().
  static constexpr int kLongest = 20;

  explicit Breakers(const std::vector<std::vector<TokenId>>& sequences);

  // Returns whether the text ends with a breaker. Takes time proportional to the longest breaker, not to their number.
  bool end(std::span<const TokenId> text) const;
  // Returns whether a single token is a breaker.
  bool is_one(TokenId token) const { return end({&token, 1}); }

 private:
  std::vector<std::vector<TokenId>> backwards_;  // sorted
};

}  // namespace rocmforge::sample
