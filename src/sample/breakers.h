// The token sequences at which DRY's repetitions end.
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

  // end() looks at the last kLongest tokens of a sequence's beginning only, which bounds its time.
  static constexpr int kLongest = 20;

  Breakers() = default;
  explicit Breakers(std::vector<Sequence> sequences);
  Breakers(std::initializer_list<Sequence> sequences) : Breakers(std::vector<Sequence>(sequences)) {}

  std::span<const Sequence> sequences() const;

  // Returns whether a sequence ends the text. Takes time for the length of the longest sequence, not for their number.
  bool end(std::span<const TokenId> text) const;
  // Returns whether the token alone is a sequence.
  bool is_one(TokenId token) const { return end({&token, 1}); }

 private:
  struct Sequences {
    std::vector<Sequence> given;
    std::vector<Sequence> backwards;  // sorted
  };
  std::shared_ptr<const Sequences> all_;  // nullptr: none
};

}  // namespace rocmforge::sample
