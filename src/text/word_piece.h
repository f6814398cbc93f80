// Encodes text with BERT's WordPiece vocabularies: the text is split into lower-case words, and each is matched
// greedily from its beginning.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gguf/metadata.h"
#include "text/token_trie.h"
#include "text/vocabulary.h"
#include "text/word_encoder.h"

namespace rocmforge::text {

class WordPieceEncoder : public WordEncoder {
 public:
  // `vocabulary` must outlive the encoder.
  WordPieceEncoder(const Vocabulary& vocabulary, const gguf::Metadata& metadata);

  void encode(std::string_view text, EncodingSpace& space, std::vector<TokenId>& tokens) const override;

 private:
  void encode_word(std::string_view word, std::vector<TokenId>& tokens) const;

  const Vocabulary& vocabulary_;
  bool lowercase_;
  bool strip_accents_;
  TokenTrie trie_;
};

}  // namespace rocmforge::text
