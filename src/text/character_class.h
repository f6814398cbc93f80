// Classifies characters for the word scanners: letters, numbers, white space and the rest.
#pragma once

#include <array>
#include <cstdint>

#include <utf8proc.h>

namespace rocmforge::text {

enum class CharacterClass : std::uint8_t { kOther, kLetter, kNumber, kSpace };

// Unicode's White_Space property.
constexpr bool is_white_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0d) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

inline CharacterClass class_of_general(char32_t c) {
  if (is_white_space(c)) return CharacterClass::kSpace;
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO: return CharacterClass::kLetter;
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO: return CharacterClass::kNumber;
    default: return CharacterClass::kOther;
  }
}

constexpr std::array<CharacterClass, 128> kAsciiClasses = [] {
  std::array<CharacterClass, 128> classes{};
  for (unsigned c = 0; c < 128; ++c) {
    if (c >= '0' && c <= '9') classes[c] = CharacterClass::kNumber;
    if ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') classes[c] = CharacterClass::kLetter;
    if (is_white_space(c)) classes[c] = CharacterClass::kSpace;
  }
  return classes;
}();

inline CharacterClass class_of(char32_t c) { return c < 128 ? kAsciiClasses[c] : class_of_general(c); }

}  // namespace rocmforge::text
