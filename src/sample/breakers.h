// The sequences of tokens at which a repetition ends for DRY: finds whether one of them ends a text.
#pragma once

#include <span>
#include <vector>

#include "sample/settings.h"

namespace rocmforge::sample {

class Breakers {
 public:
  // A longer breaker is cut at its end. That bounds the time of end().
  static constexpr int kLongest = 20;

  explicit Breakers(const std::vector<std::vector<TokenId>>& sequences);

  // Takes time for the length of the longest only, not for their number.
  bool end(std::span<const TokenId> text) const;
  // Whether a token alone is a breaker.
  bool is_one(TokenId token) const { return end({&token, 1}); }

 private:
  std::vector<std::vector<TokenId>> backwards_;  // sorted
};

}  // namespace rocmforge::sample
