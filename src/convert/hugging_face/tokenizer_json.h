// Parses tokenizer.json as a stream: vocabularies and merges of hundreds of thousands of entries become lists directly,
// and only the small rest is kept as JSON.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace rocmforge::convert {

struct TokenizerJson {
  struct Token {
    std::string text;
    std::uint32_t id = 0;
    float score = 0;  // only unigram vocabularies have one
  };
  struct Added {
    std::string text;
    std::uint32_t id = 0;
    bool is_special = false;
  };

  TokenizerJson();
  TokenizerJson(TokenizerJson&&) noexcept;
  ~TokenizerJson();

  std::vector<Token> tokens;
  std::vector<std::string> merges;  // "left right"
  std::vector<Added> added;

  // Everything else: the model's type and flags, `normalizer`, `pre_tokenizer`, `post_processor`, `decoder`.
  std::unique_ptr<nlohmann::json> rest;

  std::string model_type() const;  // "BPE", "Unigram", "WordPiece", ...
  bool model_flag(std::string_view name) const;
};

// `path` names the file in messages.
TokenizerJson parse_tokenizer_json(std::string_view text, std::string_view path);

}  // namespace rocmforge::convert
