// Assembles a vocabulary: each id occurs once, and gaps are filled.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gguf/metadata_builder.h"
#include "text/token.h"

namespace rocmforge::convert {

// Bounds the memory of a vocabulary; the file's size bounds only the model's rows.
inline constexpr std::uint64_t kMostVocabularyTokens = 4u << 20;

class TokenTable {
 public:
  // `size`: number of the model's embeddings. `source` names the file in messages.
  TokenTable(std::uint64_t size, std::string source);

  // Sets a token; an earlier one with the same id is replaced. Throws Error if the id has no embedding.
  void set(std::uint64_t id, std::string text, text::TokenType type, float score = 0);

  bool is_set(std::uint64_t id) const { return id < filled_.size() && filled_[id]; }
  const std::string& text(std::uint64_t id) const { return texts_[id]; }
  text::TokenType type(std::uint64_t id) const { return types_[id]; }
  std::uint64_t size() const { return texts_.size(); }
  // Returns the id of the token with this text, or size() if there is none.
  std::uint64_t find(std::string_view text) const;

  // Stores the vocabulary. An id without a token gets an unused placeholder. Scores are stored only if the vocabulary
  // has them.
  void store(gguf::MetadataBuilder& keys, bool with_scores);

 private:
  std::string source_;
  std::vector<std::string> texts_;
  std::vector<text::TokenType> types_;
  std::vector<float> scores_;
  std::vector<bool> filled_;
};

// Returns whether a token looks special, for tokens that no file declares special.
bool looks_special(std::string_view text);

}  // namespace rocmforge::convert
