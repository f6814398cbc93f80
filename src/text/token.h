// What a token is to the rest of the program: a number, and what kind of token the file says it is.
#pragma once

#include <cstdint>

namespace rocmforge::text {

using TokenId = std::int32_t;

inline constexpr TokenId kNoToken = -1;

// Numbered as in `tokenizer.ggml.token_type`.
enum class TokenType : std::int32_t {
  kUndefined = 0,
  kNormal = 1,
  kUnknown = 2,
  kControl = 3,      // never made from text that is not the template's own
  kUserDefined = 4,  // found in any text before it is cut into words
  kUnused = 5,
  kByte = 6,
};

}  // namespace rocmforge::text
