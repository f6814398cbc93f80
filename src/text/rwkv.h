// Encodes text with RWKV's vocabulary: at each position it takes the longest token that matches.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "text/token_trie.h"
#include "text/vocabulary.h"
#include "text/word_encoder.h"

namespace rocmforge::text {

// Returns the bytes of a token that the file writes with escapes: \t, \n, \r, \xHH, and a backslash before a character
// that stands for itself.
std::string unescape_rwkv_token(std::string_view text);

class RwkvEncoder : public WordEncoder {
 public:
  // `vocabulary` must outlive the encoder.
  explicit RwkvEncoder(const Vocabulary& vocabulary);

  void encode(std::string_view text, EncodingSpace& space, std::vector<TokenId>& tokens) const override;

 private:
  const Vocabulary& vocabulary_;
  TokenTrie trie_;
};

}  // namespace rocmforge::text
