// Hash index from a text to its number, for hundreds of thousands of texts. It is built so that a vocabulary loads in
// tens of milliseconds and a look-up per word is cheap: one table of eight bytes an entry, and no copies of the texts.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace rocmforge::text {

// Returns a 64-bit hash of a text of any length.
inline std::uint64_t hash_text(std::string_view text, std::uint64_t seed) {
  constexpr std::uint64_t kIncrement = 0x9e3779b97f4a7c15;
  constexpr std::uint64_t kMultiplier = 0xd6e8feb86659fd93;
  std::uint64_t hash = seed + text.size() * kIncrement;
  const auto mix = [&](std::uint64_t word) {
    const std::uint64_t low = (hash ^ word) * kMultiplier;
    hash = (low ^ low >> 32) * kIncrement;
  };
  const char* at = text.data();
  std::size_t left = text.size();
  for (; left >= 8; at += 8, left -= 8) {
    std::uint64_t word;
    std::memcpy(&word, at, 8);
    mix(word);
  }
  std::uint64_t word = 0;
  if (left > 0) std::memcpy(&word, at, left);
  mix(word);
  return hash ^ hash >> 29;
}

// Returns a random seed, for hash tables that a crafted file must not be able to fill with collisions.
std::uint64_t random_seed();

class StringIndex {
 public:
  // Reserves room for `capacity` texts.
  explicit StringIndex(std::size_t capacity = 0);

  // Adds the text at position `number` of `texts`. Requires: every call passes the same table, which may have grown
  // since. If texts are equal, the last one added is found.
  void add(std::span<const std::string_view> texts, std::uint32_t number);

  std::optional<std::uint32_t> find(std::span<const std::string_view> texts, std::string_view text) const {
    const std::uint64_t hash = hash_text(text, seed_);
    const auto tag = static_cast<std::uint32_t>(hash >> 32);
    for (std::size_t at = hash & mask_; slots_[at].number != kEmpty; at = (at + 1) & mask_) {
      if (slots_[at].tag == tag && texts[slots_[at].number] == text) return slots_[at].number;
    }
    return std::nullopt;
  }

 private:
  static constexpr std::uint32_t kEmpty = UINT32_MAX;
  struct Slot {
    std::uint32_t tag = 0;  // the upper half of the hash, which avoids most comparisons of unequal texts
    std::uint32_t number = kEmpty;
  };

  std::uint64_t seed_;
  std::size_t mask_;
  std::vector<Slot> slots_;
};

}  // namespace rocmforge::text
