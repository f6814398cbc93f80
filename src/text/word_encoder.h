// The interface for encoding text without special tokens, with one implementation per kind of vocabulary.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/merging.h"
#include "text/pattern.h"
#include "text/token.h"
#include "text/word_cache.h"

namespace rocmforge::text {

// Memory and caches that encoding reuses. Each thread needs its own.
struct EncodingSpace {
  MatchSpace matching;
  Merger merger;
  WordCache words;
  std::vector<Part> parts;
  std::string normalized;

  // Counts of cache look-ups and hits, for the benchmark.
  std::uint64_t words_seen = 0;
  std::uint64_t words_found = 0;

  // Appends the cached tokens of `word`. If it is not cached, calls encode(), which must append them, and caches them.
  template <typename Encode>
  void encode_cached(std::string_view word, std::vector<TokenId>& tokens, Encode&& encode) {
    ++words_seen;
    if (const auto known = words.find(word); !known.empty()) {
      ++words_found;
      tokens.insert(tokens.end(), known.begin(), known.end());
      return;
    }
    const std::size_t before = tokens.size();
    encode();
    words.add(word, std::span(tokens).subspan(before));
  }
};

class WordEncoder {
 public:
  virtual ~WordEncoder() = default;

  // Appends the tokens of `text`, which is the whole text between two special tokens. Requires: `text` is valid UTF-8
  // and not empty.
  virtual void encode(std::string_view text, EncodingSpace& space, std::vector<TokenId>& tokens) const = 0;
};

}  // namespace rocmforge::text
