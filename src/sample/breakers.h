// The sequence breakers of DRY: token sequences at which a repetition ends.
//
// A value that is cheap to copy: copies share the sequences, which never change.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <vector>

namespace rocmforge::sample {

using TokenId = std::int32_t;

class Breakers {
 public:
  using Sequence = std::vector<TokenId>;

  // Longer breakers are truncated, which bounds the time of end().
  static constexpr int kLongest = 20;

  Breakers() = default;
  explicit Breakers(std::vector<Sequence> sequences);
  Breakers(std::initializer_list<Sequence> sequences) : Breakers(std::vector<Sequence>(sequences)) {}

  std::span<const Sequence> sequences() const;

  // Returns whether the text ends with a breaker. Takes time proportional to the longest breaker, not to their number.
  bool end(std::span<const TokenId> text) const;
  // Returns whether a single token is a breaker.
  bool is_one(TokenId token) const { return end({&token, 1}); }

 private:
  struct Sequences {
    std::vector<Sequence> given;
    std::vector<Sequence> backwards;  // sorted
  };
  std::shared_ptr<const Sequences> all_;  // nullptr: none
};

}  // namespace rocmforge::sample
