// Turns a stream of tokens into text. The output is valid UTF-8 at any time: a character that several tokens make up is
// held back until it is complete.
#pragma once

#include <string>
#include <vector>

#include "text/token.h"
#include "text/tokenizer.h"

namespace rocmforge::text {

struct DetokenizerOptions {
  // Whether control tokens are printed, by their names.
  bool special = true;
  // Control tokens to print if `special` is false, in ascending order.
  std::vector<TokenId> printed = {};

  // Whether the first token begins a text. If so, the space that encoding put in front is removed. False if the tokens
  // continue a prompt.
  bool at_beginning = true;
};

class Detokenizer {
 public:
  // `tokenizer` must outlive the detokenizer.
  explicit Detokenizer(const Tokenizer& tokenizer, const DetokenizerOptions& options = {});

  // Appends to `text` what the token completes. Throws Error if the vocabulary does not have the id.
  void feed(TokenId token, std::string& text);

  // Ends the text: appends what is held back, with U+FFFD for an incomplete character. The next token begins a new
  // text.
  void finish(std::string& text);

 private:
  void begin();
  void add(std::string_view bytes, std::string& text);
  void clean(std::string& text, bool at_end);

  const Tokenizer& tokenizer_;
  DetokenizerOptions options_;
  bool cleans_spaces_;         // before punctuation, for WordPiece
  bool strips_space_ = false;  // whether to remove the next token's leading space
  std::string pending_;        // the first bytes of an incomplete character
  std::string held_;           // used if cleans_spaces_: text that may still lose a space
};

}  // namespace rocmforge::text
