// A vocabulary as it is put together: each id once, the gaps filled.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gguf/metadata_builder.h"
#include "text/token.h"

namespace rocmforge::convert {

class TokenTable {
 public:
  // As many as the model has embeddings. `source` names the file in messages.
  TokenTable(std::uint64_t size, std::string source);

  // Of an id given twice the last counts. An id that no embedding belongs to is an Error.
  void set(std::uint64_t id, std::string text, text::TokenType type, float score = 0);

  bool is_set(std::uint64_t id) const { return id < filled_.size() && filled_[id]; }
  const std::string& text(std::uint64_t id) const { return texts_[id]; }
  text::TokenType type(std::uint64_t id) const { return types_[id]; }
  std::uint64_t size() const { return texts_.size(); }
  // The size when there is none.
  std::uint64_t find(std::string_view text) const;

  // Ids without a token get one that stands for nothing. Scores are stored only where a vocabulary has them.
  void store(gguf::MetadataBuilder& keys, bool with_scores);

 private:
  std::string source_;
  std::vector<std::string> texts_;
  std::vector<text::TokenType> types_;
  std::vector<float> scores_;
  std::vector<bool> filled_;
};

// Whether a token that no file calls special is one by its looks.
bool looks_special(std::string_view text);

}  // namespace rocmforge::convert
