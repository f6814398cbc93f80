// SentencePiece's byte-pair encoding: characters merge as long as two neighbours make a token, the one with the highest
// score first; what is no token in the end is written as bytes.
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
  // By token: its place in the order of scores, the highest first; equal scores share one. kNoRank: never made.
  std::vector<std::uint32_t> ranks_;
  std::size_t longest_token_ = 0;
  bool has_bytes_ = false;
  // No token holds a space after something else, so that words can be encoded one by one.
  bool words_are_independent_ = true;
};

}  // namespace rocmforge::text
