#include "convert/hugging_face/token_table.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"

namespace rocmforge::convert {

TokenTable::TokenTable(std::uint64_t size, std::string source) : source_(std::move(source)) {
  if (size > kMostVocabularyTokens) {
    throw error(ErrorCode::kTooLarge, "{}: the model has {} embeddings, expected at most {}", source_, size,
                kMostVocabularyTokens);
  }
  texts_.resize(size);
  types_.assign(size, text::TokenType::kUnused);
  scores_.assign(size, -10000);
  filled_.assign(size, false);
}

void TokenTable::set(std::uint64_t id, std::string text, text::TokenType type, float score) {
  if (id >= size()) {
    throw Error(ErrorCode::kMalformed,
                fmt::format("{}: token '{}' has the id {}, but the model has {} embeddings", source_,
                            printable(text, 40), id, size()),
                "the tokenizer may be of another model");
  }
  texts_[id] = std::move(text);
  types_[id] = type;
  scores_[id] = score;
  filled_[id] = true;
}

std::uint64_t TokenTable::find(std::string_view text) const {
  for (std::uint64_t id = 0; id < size(); ++id) {
    if (filled_[id] && texts_[id] == text) return id;
  }
  return size();
}

void TokenTable::store(gguf::MetadataBuilder& keys, bool with_scores) {
  std::vector<std::int32_t> types;
  for (std::uint64_t id = 0; id < size(); ++id) {
    if (!filled_[id]) texts_[id] = fmt::format("[PAD{}]", id);
    types.push_back(static_cast<std::int32_t>(types_[id]));
  }
  keys.set_array("tokenizer.ggml.tokens", std::span<const std::string>(texts_));
  if (with_scores) keys.set_array("tokenizer.ggml.scores", scores_);
  keys.set_array("tokenizer.ggml.token_type", types);
}

bool looks_special(std::string_view text) {
  const auto is_between = [&](std::string_view begin, std::string_view end) {
    return text.starts_with(begin) && text.ends_with(end) && text.size() >= begin.size() + end.size();
  };
  return text == "<pad>" || text == "<mask>" || text == "<2mass>" || text == "[@BOS@]" || is_between("<|", "|>") ||
         is_between("<｜", "｜>") || is_between("<unused", ">");
}

}  // namespace rocmforge::convert
