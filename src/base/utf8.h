// Decodes and encodes UTF-8, code point by code point.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace rocmforge {

inline constexpr char32_t kReplacementCharacter = 0xfffd;
inline constexpr std::string_view kReplacementUtf8 = "\xef\xbf\xbd";

struct CodePoint {
  char32_t value = 0;
  std::size_t length = 0;  // in bytes; 0: not UTF-8
};

// Returns the first code point. Requires: the text is not empty. Follows table 3-7 of the Unicode standard: the lead
// byte determines the length, and for some leads the second byte has a narrower range. Overlong forms and surrogates
// are invalid.
inline CodePoint first_code_point(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  if (length == 0 || text.size() < length) return {};
  const unsigned low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  const unsigned high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  if (byte(1) < low || byte(1) > high) return {};
  char32_t value = lead & (0xffu >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    value = value << 6 | (byte(i) & 0x3f);
  }
  return {value, length};
}

// Appends a code point. Surrogates and numbers beyond Unicode are appended as U+FFFD.
void append_utf8(std::string& text, char32_t c);

// Moves the complete characters of `bytes` to the end of `text`. Bytes that cannot become UTF-8 are replaced by U+FFFD,
// one for each longest beginning of a sequence, as the Unicode standard recommends. What remains is the beginning of a
// character, at most three bytes.
void take_utf8(std::string& bytes, std::string& text);

// Returns the text with invalid UTF-8 replaced by U+FFFD in the same way, including at the end.
std::string replace_invalid_utf8(std::string_view text);

}  // namespace rocmforge
