#include "text/sentence_piece.h"

#include <algorithm>
#include <numeric>

#include "base/utf8.h"
#include "text/escaped_space.h"

namespace rocmforge::text {
namespace {

bool holds_inner_space(std::string_view token) {
  for (std::size_t at = token.find(kEscapedSpace); at != std::string_view::npos;
       at = token.find(kEscapedSpace, at + kEscapedSpace.size())) {
    if (at > 0 && !token.substr(0, at).ends_with(kEscapedSpace)) return true;
  }
  return false;
}

}  // namespace

SentencePieceEncoder::SentencePieceEncoder(const Vocabulary& vocabulary, bool add_space_prefix,
                                           const gguf::Metadata& metadata)
    : vocabulary_(vocabulary), normalizer_(add_space_prefix, metadata), ranks_(vocabulary.size(), kNoRank) {
  has_bytes_ = vocabulary.byte_token(0) != kNoToken;
  std::vector<TokenId> made;
  for (std::size_t i = 0; i < vocabulary.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    const TokenType type = vocabulary.type(id);
    if (vocabulary.is_control(id) || type == TokenType::kByte || type == TokenType::kUnused) continue;
    made.push_back(id);
    longest_token_ = std::max(longest_token_, vocabulary.text(id).size());
    words_are_independent_ = words_are_independent_ && !holds_inner_space(vocabulary.text(id));
  }
  std::sort(made.begin(), made.end(), [&](TokenId a, TokenId b) { return vocabulary.score(a) > vocabulary.score(b); });
  std::uint32_t rank = 0;
  for (std::size_t i = 0; i < made.size(); ++i) {
    if (i > 0 && vocabulary.score(made[i]) != vocabulary.score(made[i - 1])) ++rank;
    ranks_[static_cast<std::size_t>(made[i])] = rank;
  }
}

void SentencePieceEncoder::encode(std::string_view text, EncodingSpace& space, std::vector<TokenId>& tokens) const {
  normalizer_.normalize(text, space.normalized);
  const std::string_view all = space.normalized;
  std::size_t begin = 0;
  while (begin < all.size()) {
    // A word consists of spaces and the characters up to the next space.
    std::size_t end = all.size();
    if (words_are_independent_) {
      std::size_t at = begin;
      while (all.substr(at).starts_with(kEscapedSpace)) at += kEscapedSpace.size();
      end = std::min(all.find(kEscapedSpace, at), all.size());
    }
    const std::string_view word = all.substr(begin, end - begin);
    space.encode_cached(word, tokens, [&] { encode_word(word, space, tokens); });
    begin = end;
  }
}

TokenId SentencePieceEncoder::ordinary_token(std::string_view text) const {
  const TokenId id = vocabulary_.find(text);
  return id != kNoToken && ranks_[static_cast<std::size_t>(id)] != kNoRank ? id : kNoToken;
}

Merge SentencePieceEncoder::merge_of(std::string_view word, const Part& left, const Part& right) const {
  const std::size_t size = left.size + right.size;
  if (size > longest_token_) return {};
  const TokenId id = ordinary_token(word.substr(left.begin, size));
  if (id == kNoToken) return {};
  return {ranks_[static_cast<std::size_t>(id)], static_cast<Symbol>(id)};
}

void SentencePieceEncoder::encode_word(std::string_view word, EncodingSpace& space,
                                       std::vector<TokenId>& tokens) const {
  space.parts.clear();
  for (std::uint32_t at = 0; at < word.size();) {
    const auto size = static_cast<std::uint32_t>(first_code_point(word.substr(at)).length);
    space.parts.push_back({static_cast<Symbol>(ordinary_token(word.substr(at, size))), at, size});
    at += size;
  }
  space.merger.merge(space.parts, [&](const Part& left, const Part& right) { return merge_of(word, left, right); });
  bool after_unknown = false;  // adjacent unknown characters become one unknown token
  for (const Part& part : space.parts) {
    const bool unknown = static_cast<TokenId>(part.symbol) == kNoToken && !has_bytes_;
    if (unknown && after_unknown) continue;
    after_unknown = unknown;
    if (const auto id = static_cast<TokenId>(part.symbol); id != kNoToken) {
      tokens.push_back(id);
    } else {
      append_bytes(vocabulary_, word.substr(part.begin, part.size), tokens);
    }
  }
}

}  // namespace rocmforge::text
