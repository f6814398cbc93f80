// Builds tokenizers so small that their behaviour is easy to predict.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gguf/reader.h"
#include "support/gguf_bytes.h"
#include "text/byte_alphabet.h"
#include "text/tokenizer.h"

namespace rocmforge::testing {

class TinyVocabulary {
 public:
  explicit TinyVocabulary(std::string_view model) { file_.string("tokenizer.ggml.model", model); }

  // Returns a vocabulary with the 256 bytes in GPT-2's alphabet as ids 0 to 255.
  static TinyVocabulary byte_level(std::string_view pre = "gpt-2") {
    TinyVocabulary vocabulary("gpt2");
    vocabulary.file_.string("tokenizer.ggml.pre", pre);
    vocabulary.file_.boolean("tokenizer.ggml.add_bos_token", 0);
    for (unsigned byte = 0; byte < 256; ++byte) {
      vocabulary.token(text::alphabet_character(static_cast<unsigned char>(byte)));
    }
    return vocabulary;
  }

  TinyVocabulary& token(std::string_view text, text::TokenType type = text::TokenType::kNormal, float score = 0) {
    tokens_.emplace_back(text);
    types_.push_back(static_cast<std::int32_t>(type));
    scores_.push_back(score);
    return *this;
  }
  TinyVocabulary& control(std::string_view text) { return token(text, text::TokenType::kControl); }
  TinyVocabulary& user_defined(std::string_view text) { return token(text, text::TokenType::kUserDefined); }

  // Adds the 256 tokens <0x00> to <0xFF>.
  TinyVocabulary& bytes() {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    for (unsigned byte = 0; byte < 256; ++byte) {
      token(std::string("<0x") + kDigits[byte / 16] + kDigits[byte % 16] + '>', text::TokenType::kByte);
    }
    return *this;
  }

  // Adds a merge and the token it makes.
  TinyVocabulary& merge(std::string_view left, std::string_view right) {
    merges_.push_back(std::string(left).append(" ").append(right));
    return token(std::string(left).append(right));
  }

  // Gives access to the file, for other keys.
  GgufBytes& file() { return file_; }

  text::TokenId id(std::string_view text) const {
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      if (tokens_[i] == text) return static_cast<text::TokenId>(i);
    }
    return text::kNoToken;
  }
  std::size_t size() const { return tokens_.size(); }

  std::string file_bytes() const {
    GgufBytes file = file_;
    file.string("general.architecture", "llama");
    add_strings(file, "tokenizer.ggml.tokens", tokens_);
    if (!merges_.empty()) add_strings(file, "tokenizer.ggml.merges", merges_);
    file.array("tokenizer.ggml.token_type", 5, types_.size(), as_text(types_));
    file.array("tokenizer.ggml.scores", 6, scores_.size(), as_text(scores_));
    return file.bytes();
  }

  text::Tokenizer tokenizer(const text::TokenizerOptions& options = {}) const {
    const std::string bytes = file_bytes();
    return text::Tokenizer(gguf::File::from_memory(as_bytes(bytes), "tiny.gguf").metadata(), options);
  }

 private:
  static void add_strings(GgufBytes& file, std::string_view key, const std::vector<std::string>& values) {
    std::string elements;
    for (const std::string& value : values) elements += raw_string(value);
    file.array(key, 8, values.size(), elements);
  }
  template <typename T>
  static std::string_view as_text(const std::vector<T>& values) {
    return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
  }

  GgufBytes file_;
  std::vector<std::string> tokens_, merges_;
  std::vector<std::int32_t> types_;
  std::vector<float> scores_;
};

}  // namespace rocmforge::testing
