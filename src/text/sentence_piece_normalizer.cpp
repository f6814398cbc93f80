#include "text/sentence_piece_normalizer.h"

#include <cstdint>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "base/utf8.h"
#include "text/escaped_space.h"

namespace rocmforge::text {
namespace {

Charsmap read_charsmap(const gguf::Metadata& metadata) {
  constexpr std::string_view kKey = "tokenizer.ggml.precompiled_charsmap";
  const gguf::Value* value = metadata.value(kKey);
  if (value == nullptr) return {};
  const auto bytes = metadata.get<std::vector<std::int64_t>>(kKey);
  std::string blob;
  blob.reserve(bytes.size());
  // The file stores the bytes as int8 or as uint8.
  for (const std::int64_t byte : bytes) blob += static_cast<char>(static_cast<unsigned char>(byte & 0xff));
  return {blob, metadata.file()};
}

}  // namespace

SentencePieceNormalizer::SentencePieceNormalizer(bool add_space_prefix, const gguf::Metadata& metadata)
    : add_space_prefix_(add_space_prefix),
      remove_extra_whitespaces_(metadata.get_or<bool>("tokenizer.ggml.remove_extra_whitespaces", false)),
      charsmap_(read_charsmap(metadata)) {}

// Returns the normalized form of the beginning of `text` and the number of bytes that it replaces.
std::pair<std::string_view, std::size_t> SentencePieceNormalizer::normalize_prefix(std::string_view text) const {
  if (const Charsmap::Replacement found = charsmap_.find(text); found.length > 0) return {found.text, found.length};
  const std::size_t length = first_code_point(text).length;
  return {text.substr(0, length), length};
}

void SentencePieceNormalizer::normalize(std::string_view text, std::string& normalized) const {
  normalized.clear();
  // Unicode's own normalization makes a character at most eleven times as long.
  const std::size_t most = 1024 + 16 * text.size();
  if (remove_extra_whitespaces_) {
    while (!text.empty()) {
      const auto [replacement, length] = normalize_prefix(text);
      if (replacement != " ") break;
      text.remove_prefix(length);
    }
  }
  if (text.empty()) return;
  if (add_space_prefix_) normalized += kEscapedSpace;
  bool after_space = remove_extra_whitespaces_;
  while (!text.empty()) {
    auto [replacement, length] = normalize_prefix(text);
    text.remove_prefix(length);
    while (after_space && replacement.starts_with(' ')) replacement.remove_prefix(1);
    if (replacement.empty()) continue;
    append_escaped(replacement, normalized);
    if (normalized.size() > most) {
      throw error(ErrorCode::kTooLarge, "the normalized text is longer than {}", format_bytes(most));
    }
    after_space = remove_extra_whitespaces_ && replacement.ends_with(' ');
  }
  while (remove_extra_whitespaces_ && normalized.ends_with(kEscapedSpace)) {
    normalized.resize(normalized.size() - kEscapedSpace.size());
  }
}

}  // namespace rocmforge::text
