// Cuts a template into the text between tags and the words inside them, and does away with white space as the tags'
// signs and the settings of chat templates ask: trim_blocks, lstrip_blocks, no newline at the very end.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rocmforge::text::jinja {

enum class TokenKind : std::uint8_t {
  kText,
  kBlockBegin,
  kBlockEnd,
  kVariableBegin,
  kVariableEnd,
  kName,
  kString,  // its text is without quotes and with escapes resolved
  kInteger,
  kFloat,
  kOperator,
  kEnd,
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::uint32_t offset = 0;
  std::string text;

  bool is(TokenKind k, std::string_view t) const { return kind == k && text == t; }
  bool is_operator(std::string_view t) const { return is(TokenKind::kOperator, t); }
  bool is_name(std::string_view t) const { return is(TokenKind::kName, t); }
};

// What is wrong with the text of a template, and where.
struct SyntaxFailure {
  std::uint32_t offset;
  std::string message;
};

// Every line's end as \n, and the last one dropped. Offsets are in this text.
std::string normalized_source(std::string_view source);

// Throws SyntaxFailure. The last token is kEnd.
std::vector<Token> tokenize(std::string_view source);

}  // namespace rocmforge::text::jinja
