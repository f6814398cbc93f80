// Finds the special tokens of a text before it is cut into words: control tokens in the prompt's own text, and
// user-defined tokens anywhere.
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
    TextRange range;  // includes the white space that the token absorbs
    TokenId token;
  };

  // Walks through one text from beginning to end.
  class Walk {
   public:
    // `data`: sorted ranges of the text in which control tokens are not recognised. A control token that extends into
    // such a range is not recognised either.
    Walk(const SpecialFinder& finder, std::string_view text, bool parse_control, std::span<const TextRange> data);

    // Returns the first special token at or after `from`; if several begin at the same position, the longest. Requires:
    // `from` never decreases.
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
  // Tokens that absorb the white space after or before them.
  std::vector<TokenId> strips_right_, strips_left_;
};

}  // namespace rocmforge::text
