// Text without special tokens to tokens: what each kind of vocabulary does in its own way.
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

// Memory and caches that encoding reuses; one for each thread at a time.
struct EncodingSpace {
  MatchSpace matching;
  Merger merger;
  WordCache words;
  std::vector<Part> parts;
  std::string normalized;

  // How often a word was found in the cache, for the benchmark.
  std::uint64_t words_seen = 0;
  std::uint64_t words_found = 0;

  // Appends what `word` became when it was last seen, or what encode() now appends, which is remembered.
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

  // Appends the tokens of `text`, which is valid UTF-8 and not empty: all that there is between two special tokens.
  virtual void encode(std::string_view text, EncodingSpace& space, std::vector<TokenId>& tokens) const = 0;
};

}  // namespace rocmforge::text
