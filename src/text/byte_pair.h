// Encodes text by byte-pair encoding, applying merges in the order of their ranks, as GPT-2 and its successors do.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "gguf/metadata.h"
#include "text/pair_table.h"
#include "text/splitter.h"
#include "text/string_index.h"
#include "text/text_table.h"
#include "text/vocabulary.h"
#include "text/word_encoder.h"

namespace rocmforge::text {

class BytePairEncoder : public WordEncoder {
 public:
  // `vocabulary` must outlive the encoder.
  BytePairEncoder(const Vocabulary& vocabulary, const PreTokenizer& rules, const gguf::Metadata& metadata);

  void encode(std::string_view text, EncodingSpace& space, std::vector<TokenId>& tokens) const override;

 private:
  void read_merges(const gguf::Metadata& metadata);
  void index_whole_words();
  TokenId unknown_token() const;
  void encode_piece(std::string_view piece, EncodingSpace& space, std::vector<TokenId>& tokens) const;
  void merge_piece(std::string_view piece, EncodingSpace& space, std::vector<TokenId>& tokens) const;
  void append_symbol(Symbol symbol, std::string_view text, std::vector<TokenId>& tokens) const;
  Symbol character_symbol(std::string_view character) const;
  bool is_token(Symbol symbol) const { return symbol < vocabulary_.size(); }

  const Vocabulary& vocabulary_;
  const PreTokenizer& rules_;
  Splitter splitter_;
  PairTable merges_;
  // The symbol of each single byte before any merge. A symbol below the vocabulary's size is a token id; higher symbols
  // are intermediate texts that only merges use.
  std::array<Symbol, 256> byte_symbols_;
  std::array<TokenId, 256> byte_tokens_;
  // Used if ignore_merges is set: the bytes of every ordinary token, to find whole words.
  TextTable words_;
  std::vector<TokenId> word_tokens_;
  StringIndex word_index_;
};

}  // namespace rocmforge::text
