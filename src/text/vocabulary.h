// Holds the tokens of a model as its file lists them, and the ids of those with a special role.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gguf/metadata.h"
#include "text/string_index.h"
#include "text/text_table.h"
#include "text/token.h"

namespace rocmforge::text {

inline constexpr std::string_view kTokensKey = "tokenizer.ggml.tokens";

// The kind of tokenizer that `tokenizer.ggml.model` names.
enum class VocabularyKind { kBytePair, kSentencePiece, kUnigram, kWordPiece, kRwkv };

// Ids of tokens with a special role; kNoToken if the vocabulary has none.
struct SpecialIds {
  TokenId bos = kNoToken;
  TokenId eos = kNoToken;
  TokenId end_of_turn = kNoToken;
  TokenId end_of_message = kNoToken;  // the model waits for the result of a tool call
  TokenId unknown = kNoToken;
  TokenId separator = kNoToken;
  TokenId padding = kNoToken;
  TokenId mask = kNoToken;
  // Fill-in-the-middle tokens.
  TokenId fim_prefix = kNoToken;
  TokenId fim_suffix = kNoToken;
  TokenId fim_middle = kNoToken;
  TokenId fim_padding = kNoToken;
  TokenId fim_repository = kNoToken;
  TokenId fim_separator = kNoToken;
};

// Returns the byte of a token of the form <0x0A>.
std::optional<unsigned char> hexadecimal_byte(std::string_view text);

class Vocabulary {
 public:
  // Reads the keys `tokenizer.ggml.*`. Copies what it needs, so the file may be closed.
  explicit Vocabulary(const gguf::Metadata& metadata);

  VocabularyKind kind() const { return kind_; }
  std::string_view model() const { return model_; }  // `tokenizer.ggml.model`
  std::size_t size() const { return texts_.size(); }

  // Returns the token as stored in the file, for example with U+2581 for a space or in GPT-2's byte alphabet.
  std::string_view text(TokenId id) const { return texts_[static_cast<std::size_t>(id)]; }
  std::span<const std::string_view> texts() const { return texts_.texts(); }
  TokenType type(TokenId id) const { return types_[static_cast<std::size_t>(id)]; }
  // Requires: a SentencePiece or unigram vocabulary. All of these have scores.
  float score(TokenId id) const { return scores_[static_cast<std::size_t>(id)]; }

  // Returns kNoToken if no token has this text. Among tokens with equal texts, the last is found.
  TokenId find(std::string_view text) const;

  bool contains(TokenId id) const { return id >= 0 && static_cast<std::size_t>(id) < size(); }
  // Returns whether this is a control token or the unknown token. These are recognised only in a prompt's own text.
  bool is_control(TokenId id) const { return type(id) == TokenType::kControl || type(id) == TokenType::kUnknown; }
  // All of those, in ascending order.
  std::span<const TokenId> controls() const { return controls_; }
  bool ends_generation(TokenId id) const { return contains(id) && ends_generation_[static_cast<std::size_t>(id)]; }

  const SpecialIds& special() const { return special_; }
  void set_bos(TokenId id) { special_.bos = id; }

  // Returns the token of a single byte (`<0x0A>` or similar), or kNoToken.
  TokenId byte_token(unsigned char byte) const { return byte_tokens_[byte]; }

 private:
  void read_tokens(const gguf::Metadata& metadata);
  void read_types(const gguf::Metadata& metadata);
  void read_special_ids(const gguf::Metadata& metadata);
  void find_by_text();
  void find_ends_of_generation();
  void index_bytes();
  void list_controls();

  std::string model_;
  VocabularyKind kind_ = VocabularyKind::kBytePair;
  TextTable texts_;
  StringIndex index_;
  std::vector<TokenType> types_;
  std::vector<float> scores_;
  SpecialIds special_;
  std::vector<bool> ends_generation_;
  std::vector<TokenId> controls_;
  std::array<TokenId, 256> byte_tokens_;
};

}  // namespace rocmforge::text
