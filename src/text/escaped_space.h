// Handles two conventions of SentencePiece and its successors: U+2581 written for a space, and tokens for single bytes
// of text that no piece covers.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "text/vocabulary.h"

namespace rocmforge::text {

inline constexpr std::string_view kEscapedSpace = "\u2581";

inline void append_escaped(std::string_view text, std::string& escaped) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t space = std::min(text.find(' ', at), text.size());
    escaped.append(text.substr(at, space - at));
    if (space < text.size()) escaped += kEscapedSpace;
    at = space + 1;
  }
}

inline void append_unescaped(std::string_view text, std::string& plain) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t space = std::min(text.find(kEscapedSpace, at), text.size());
    plain.append(text.substr(at, space - at));
    if (space < text.size()) plain += ' ';
    at = space + kEscapedSpace.size();
  }
}

// Appends the <0xXX> tokens of a text that has no token, or the unknown token if the vocabulary has no byte tokens.
inline void append_bytes(const Vocabulary& vocabulary, std::string_view text, std::vector<TokenId>& tokens) {
  const bool has_bytes = vocabulary.byte_token(0) != kNoToken;
  if (!has_bytes) {
    if (vocabulary.special().unknown != kNoToken) tokens.push_back(vocabulary.special().unknown);
    return;
  }
  for (const char c : text) {
    const TokenId token = vocabulary.byte_token(static_cast<unsigned char>(c));
    if (token != kNoToken) tokens.push_back(token);
  }
}

}  // namespace rocmforge::text
