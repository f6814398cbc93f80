// Converts text to tokens and back, as a model's file describes it.
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
  // Overrides `tokenizer.ggml.pre`; empty means the file's own value.
  std::string pre_tokenizer;
};

// Whether BOS, EOS, CLS and SEP are added around a text, if the vocabulary asks for them.
enum class AddSpecial {
  kNo,
  kYes,
  kPrompt,  // BOS, unless the text begins with it; nothing at the end, because a reply follows
};

struct EncodeOptions {
  AddSpecial add_special = AddSpecial::kYes;

  // Whether control tokens that are spelled out in the text are recognised. They never are within `data`: sorted ranges
  // of the text that came from messages and other untrusted sources. User-defined tokens are always recognised.
  bool parse_special = false;
  std::span<const TextRange> data = {};
};

class Tokenizer {
 public:
  // Reads the keys `tokenizer.ggml.*` of a model. Keeps no reference to the file.
  explicit Tokenizer(const gguf::Metadata& metadata, const TokenizerOptions& options = {});
  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();

  // Returns the tokens of `text`. Invalid UTF-8 is read as U+FFFD. Throws Error if the text is longer than kMostBytes.
  std::vector<TokenId> encode(std::string_view text, const EncodeOptions& options = {}) const;
  static constexpr std::size_t kMostBytes = std::size_t{1} << 30;

  // Returns the text of `tokens`. `special`: whether control tokens are printed. See Detokenizer for text that arrives
  // token by token.
  std::string decode(std::span<const TokenId> tokens, bool special = true) const;

  // Returns the bytes that a token adds to a text; for a control token, its name.
  std::string_view bytes(TokenId token) const;

  const Vocabulary& vocabulary() const;

  // Returns whether encoding adds a space at the beginning of a text and after special tokens, which decoding removes
  // again.
  bool adds_space_prefix() const;

  // The number of words looked up in the caches since the tokenizer was made, and the number found, for the benchmark.
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
