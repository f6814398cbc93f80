#include "text/byte_alphabet.h"

#include <array>

#include "base/utf8.h"

namespace rocmforge::text {
namespace {

constexpr bool prints(unsigned byte) {
  return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);
}

constexpr unsigned kCharacters = 256 + 68;  // 68 bytes are not printable

constexpr std::array<char16_t, 256> kCharacterOfByte = [] {
  std::array<char16_t, 256> characters{};
  char16_t next = 256;
  for (unsigned byte = 0; byte < 256; ++byte) {
    characters[byte] = prints(byte) ? static_cast<char16_t>(byte) : next++;
  }
  return characters;
}();

constexpr std::array<std::int16_t, kCharacters> kByteOfCharacter = [] {
  std::array<std::int16_t, kCharacters> bytes{};
  bytes.fill(-1);
  for (unsigned byte = 0; byte < 256; ++byte) bytes[kCharacterOfByte[byte]] = static_cast<std::int16_t>(byte);
  return bytes;
}();

struct ShortText {
  std::array<char, 2> bytes;
  std::size_t size;
};

// All characters are below U+0800, so each takes one or two bytes of UTF-8.
constexpr std::array<ShortText, 256> kTexts = [] {
  std::array<ShortText, 256> texts{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    const char16_t c = kCharacterOfByte[byte];
    if (c < 0x80) {
      texts[byte] = {{static_cast<char>(c), '\0'}, 1};
    } else {
      texts[byte] = {{static_cast<char>(0xc0 | c >> 6), static_cast<char>(0x80 | (c & 0x3f))}, 2};
    }
  }
  return texts;
}();

}  // namespace

std::string_view alphabet_character(unsigned char byte) { return {kTexts[byte].bytes.data(), kTexts[byte].size}; }

bool append_alphabet_bytes(std::string_view text, std::string& bytes) {
  const std::size_t before = bytes.size();
  while (!text.empty()) {
    const CodePoint c = first_code_point(text);
    const int byte = c.length > 0 && c.value < kCharacters ? kByteOfCharacter[c.value] : -1;
    if (byte < 0) {
      bytes.resize(before);
      return false;
    }
    bytes += static_cast<char>(static_cast<unsigned char>(byte));
    text.remove_prefix(c.length);
  }
  return true;
}

}  // namespace rocmforge::text
