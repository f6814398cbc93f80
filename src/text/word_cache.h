// Caches the tokens of short words, so that a word seen recently is not merged again. The size is fixed. Not
// thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "text/string_index.h"
#include "text/token.h"

namespace rocmforge::text {

// A direct-mapped cache: a new word replaces the one in its slot.
class WordCache {
 public:
  static constexpr std::size_t kLongestWord = 23;
  static constexpr std::size_t kMostTokens = 9;

  WordCache() : entries_(kEntries) {}

  // Returns the word's tokens. Empty means that the word is not cached, since a word has at least one token.
  std::span<const TokenId> find(std::string_view word) const {
    if (word.size() > kLongestWord) return {};
    const Entry& entry = entries_[place(word)];
    if (entry.length != word.size() || std::memcmp(entry.word.data(), word.data(), word.size()) != 0) return {};
    return {entry.tokens.data(), entry.count};
  }

  void add(std::string_view word, std::span<const TokenId> tokens) {
    if (word.empty() || word.size() > kLongestWord || tokens.empty() || tokens.size() > kMostTokens) return;
    Entry& entry = entries_[place(word)];
    entry.length = static_cast<std::uint8_t>(word.size());
    entry.count = static_cast<std::uint8_t>(tokens.size());
    std::memcpy(entry.word.data(), word.data(), word.size());
    std::copy(tokens.begin(), tokens.end(), entry.tokens.begin());
  }

 private:
  // Each entry is one cache line; all of them fit in a core's second-level cache.
  static constexpr std::size_t kEntries = 16384;
  struct alignas(64) Entry {
    std::uint8_t length = 0;
    std::uint8_t count = 0;
    std::array<char, kLongestWord> word;
    std::array<TokenId, kMostTokens> tokens;
  };
  static_assert(sizeof(Entry) == 64);

  static std::size_t place(std::string_view word) { return hash_text(word, 0) & (kEntries - 1); }

  std::vector<Entry> entries_;
};

}  // namespace rocmforge::text
