// Finds the tokens that are taken from a text before it is cut into words: control tokens, where the text is the
// prompt's own, and user-defined ones anywhere.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "gguf/metadata.h"
#include "text/text_range.h"
#include "text/token_trie.h"
#include "text/vocabulary.h"

namespace rocmforge::text {

class SpecialFinder {
 public:
  SpecialFinder(const Vocabulary& vocabulary, const gguf::Metadata& metadata);

  struct Found {
    TextRange range;  // with the white space that the token takes along
    TokenId token;
  };

  // Walks through one text from its beginning to its end.
  class Walk {
   public:
    // `data`: sorted ranges of the text in which no control token is seen, nor one that reaches into them.
    Walk(const SpecialFinder& finder, std::string_view text, bool parse_control, std::span<const TextRange> data);

    // The next one at or after `from`, which never decreases; of several at a place the longest.
    std::optional<Found> next(std::size_t from);

   private:
    bool touches_data(TextRange range);
    Found with_white_space(std::size_t from, TextRange range, TokenId token) const;

    const SpecialFinder& finder_;
    bool parse_control_;
    std::string_view text_;
    std::span<const TextRange> data_;
  };

 private:
  TokenTrie user_defined_;
  TokenTrie control_;
  // Tokens that swallow the white space after or before them.
  std::vector<TokenId> strips_right_, strips_left_;
};

}  // namespace rocmforge::text
