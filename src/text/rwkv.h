// RWKV's vocabulary: at each place the longest token that fits.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "text/token_trie.h"
#include "text/vocabulary.h"
#include "text/word_encoder.h"

namespace rocmforge::text {

// The bytes of a token as the file writes it: \t, \n, \r, \xHH, and a backslash before what stands for itself.
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
