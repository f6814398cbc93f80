// SentencePiece's unigram vocabularies (t5 and the like): text is normalized, then cut so that the sum of the tokens'
// scores is the greatest.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gguf/metadata.h"
#include "text/charsmap.h"
#include "text/token_trie.h"
#include "text/vocabulary.h"
#include "text/word_encoder.h"

namespace rocmforge::text {

class UnigramEncoder : public WordEncoder {
 public:
  // `vocabulary` must outlive the encoder.
  UnigramEncoder(const Vocabulary& vocabulary, bool add_space_prefix, const gguf::Metadata& metadata);

  void encode(std::string_view text, bool after_special, EncodingSpace& space,
              std::vector<TokenId>& tokens) const override;

 private:
  void normalize(std::string_view text, std::string& normalized) const;
  std::pair<std::string_view, std::size_t> normalize_prefix(std::string_view text) const;

  const Vocabulary& vocabulary_;
  bool add_space_prefix_;
  bool remove_extra_whitespaces_;
  Charsmap charsmap_;
  TokenTrie trie_;
  double unknown_score_ = 0;
};

}  // namespace rocmforge::text
