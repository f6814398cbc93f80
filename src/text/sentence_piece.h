// Encodes text with SentencePiece's byte-pair encoding: as long as two neighbours together form a token, the pair with
// the highest score is merged. Text that is not a token at the end is written as byte tokens.
#pragma once

#include <string_view>
#include <vector>

#include "gguf/metadata.h"
#include "text/sentence_piece_normalizer.h"
#include "text/vocabulary.h"
#include "text/word_encoder.h"

namespace rocmforge::text {

class SentencePieceEncoder : public WordEncoder {
 public:
  // `vocabulary` must outlive the encoder.
  SentencePieceEncoder(const Vocabulary& vocabulary, bool add_space_prefix, const gguf::Metadata& metadata);

  void encode(std::string_view text, EncodingSpace& space, std::vector<TokenId>& tokens) const override;

 private:
  void encode_word(std::string_view word, EncodingSpace& space, std::vector<TokenId>& tokens) const;
  TokenId ordinary_token(std::string_view text) const;
  Merge merge_of(std::string_view word, const Part& left, const Part& right) const;

  const Vocabulary& vocabulary_;
  SentencePieceNormalizer normalizer_;
  // The rank of each token: its position in the order of descending scores. Equal scores share a rank. kNoRank means
  // that merging never produces the token.
  std::vector<std::uint32_t> ranks_;
  std::size_t longest_token_ = 0;
  bool has_bytes_ = false;
  // Whether no token has a space after another character, so that words can be encoded one by one.
  bool words_are_independent_ = true;
};

}  // namespace rocmforge::text
