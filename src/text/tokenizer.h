// Text to tokens and back, as a model's file describes it.
//
// All const members may be used from several threads at once.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gguf/metadata.h"
#include "text/text_range.h"
#include "text/token.h"
#include "text/vocabulary.h"

namespace rocmforge::text {

struct EncodingSpace;

struct TokenizerOptions {
  // In place of `tokenizer.ggml.pre`; empty: what the file says.
  std::string pre_tokenizer;
};

// Whether BOS, EOS, CLS and SEP are put around a text, where the vocabulary asks for them.
enum class AddSpecial {
  kNo,
  kYes,
  kPrompt,  // BOS, unless the text has it already; nothing at the end, where a reply is to follow
};

struct EncodeOptions {
  AddSpecial add_special = AddSpecial::kYes;

  // Control tokens written out in the text are taken as such; but never in `data`, sorted ranges of the text that came
  // from messages and the like. User-defined tokens always are.
  bool parse_special = false;
  std::span<const TextRange> data = {};
};

class Tokenizer {
 public:
  // From the keys `tokenizer.ggml.*` of a model. Keeps nothing of the file.
  explicit Tokenizer(const gguf::Metadata& metadata, const TokenizerOptions& options = {});
  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();

  // What is no UTF-8 counts as U+FFFD. Text of more than kMostBytes is an Error.
  std::vector<TokenId> encode(std::string_view text, const EncodeOptions& options = {}) const;
  static constexpr std::size_t kMostBytes = std::size_t{1} << 30;

  // The whole text of `tokens`; `special`: control tokens are printed. See Detokenizer for text that comes bit by bit.
  std::string decode(std::span<const TokenId> tokens, bool special = true) const;

  // What a token adds to a text, in bytes; of a control token its name.
  std::string_view bytes(TokenId token) const;

  const Vocabulary& vocabulary() const;

  // Text gets a space in front, at its beginning and after special tokens, that decoding takes away again.
  bool adds_space_prefix() const;

  // Since the tokenizer was made: words looked up in its caches, and how many were found.
  struct CacheUse {
    std::uint64_t words = 0;
    std::uint64_t found = 0;
  };
  CacheUse cache_use() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace rocmforge::text
