// Encodes text with SentencePiece's unigram vocabularies (t5 and others): the text is normalized, then cut so that the
// sum of the tokens' scores is greatest.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gguf/metadata.h"
#include "text/sentence_piece_normalizer.h"
#include "text/token_trie.h"
#include "text/vocabulary.h"
#include "text/word_encoder.h"

namespace rocmforge::text {

class UnigramEncoder : public WordEncoder {
 public:
  // `vocabulary` must outlive the encoder.
  UnigramEncoder(const Vocabulary& vocabulary, bool add_space_prefix, const gguf::Metadata& metadata);

  void encode(std::string_view text, EncodingSpace& space, std::vector<TokenId>& tokens) const override;

 private:
  const Vocabulary& vocabulary_;
  SentencePieceNormalizer normalizer_;
  TokenTrie trie_;
  double unknown_score_ = 0;
};

}  // namespace rocmforge::text
