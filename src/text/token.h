// Defines a token's id and the types that a file may give it.
#pragma once

#include <cstdint>

namespace rocmforge::text {

using TokenId = std::int32_t;

inline constexpr TokenId kNoToken = -1;

// The values are those of `tokenizer.ggml.token_type`.
enum class TokenType : std::int32_t {
  kUndefined = 0,
  kNormal = 1,
  kUnknown = 2,
  kControl = 3,      // recognised only in the template's own text
  kUserDefined = 4,  // recognised in any text, before it is cut into words
  kUnused = 5,
  kByte = 6,
};

}  // namespace rocmforge::text
