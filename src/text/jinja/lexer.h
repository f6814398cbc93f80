// Cuts a template into the text between tags and the tokens inside tags. It also removes white space as the tags' signs
// and the settings of chat templates demand: trim_blocks, lstrip_blocks, and no newline at the end of the template.
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
  kString,  // its text has no quotes, and its escapes are resolved
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

// The exception for a syntax error: the place in the source and the message.
struct SyntaxFailure {
  std::uint32_t offset;
  std::string message;
};

// Returns the source with every line end written as \n and the last line end removed. Offsets refer to this text.
std::string normalized_source(std::string_view source);

// Returns the tokens of a normalized source; the last one is kEnd. Throws SyntaxFailure.
std::vector<Token> tokenize(std::string_view source);

}  // namespace rocmforge::text::jinja
