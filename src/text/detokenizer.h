// Tokens to text as they come. The text is valid UTF-8 at any time: a character of several tokens comes out when it is
// whole.
#pragma once

#include <string>
#include <vector>

#include "text/token.h"
#include "text/tokenizer.h"

namespace rocmforge::text {

struct DetokenizerOptions {
  // Control tokens are printed by their names.
  bool special = true;
  // Otherwise these alone are, in ascending order.
  std::vector<TokenId> printed = {};

  // The first token begins a text: the space that encoding put in front is taken away. False where the text goes on
  // from a prompt.
  bool at_beginning = true;
};

class Detokenizer {
 public:
  // `tokenizer` must outlive it.
  explicit Detokenizer(const Tokenizer& tokenizer, const DetokenizerOptions& options = {});

  // Appends to `text` what the token completes. An id that the vocabulary lacks is an Error.
  void feed(TokenId token, std::string& text);

  // The end: what is left, with U+FFFD for the beginning of a character. The next token begins a text again.
  void finish(std::string& text);

 private:
  void begin();
  void add(std::string_view bytes, std::string& text);
  void clean(std::string& text, bool at_end);

  const Tokenizer& tokenizer_;
  DetokenizerOptions options_;
  bool cleans_spaces_;         // before punctuation, which WordPiece does not keep
  bool strips_space_ = false;  // of the next token, if it has one in front
  std::string pending_;        // the beginning of a character
  std::string held_;           // with cleans_spaces_: what may yet lose a space
};

}  // namespace rocmforge::text
