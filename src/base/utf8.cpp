#include "base/utf8.h"

#include <algorithm>
#include <array>

namespace rocmforge {
namespace {

// Returns whether these bytes are a proper prefix of a valid sequence.
bool may_go_on(std::string_view bytes) {
  // Every range of valid continuation bytes contains at least one of these.
  static constexpr std::array<char, 4> kContinuations = {'\x80', '\x8f', '\xa0', '\xbf'};
  return std::any_of(kContinuations.begin(), kContinuations.end(), [&](char c) {
    for (std::size_t missing = 1; missing + bytes.size() <= 4; ++missing) {
      if (first_code_point(std::string(bytes).append(missing, c)).length == bytes.size() + missing) return true;
    }
    return false;
  });
}

// Returns the number of bytes that begin a character, at least 1. Requires: the bytes do not start with a complete
// character.
std::size_t beginning_length(std::string_view bytes) {
  std::size_t length = 1;
  while (length < std::min<std::size_t>(bytes.size(), 3) && may_go_on(bytes.substr(0, length + 1))) ++length;
  return length;
}

}  // namespace

void append_utf8(std::string& text, char32_t c) {
  const auto put = [&](char32_t bits) { text += static_cast<char>(static_cast<unsigned char>(bits)); };
  if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) c = kReplacementCharacter;
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xc0 | c >> 6);
    put(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    put(0xe0 | c >> 12);
    put(0x80 | (c >> 6 & 0x3f));
    put(0x80 | (c & 0x3f));
  } else {
    put(0xf0 | c >> 18);
    put(0x80 | (c >> 12 & 0x3f));
    put(0x80 | (c >> 6 & 0x3f));
    put(0x80 | (c & 0x3f));
  }
}

void take_utf8(std::string& bytes, std::string& text) {
  std::string_view rest = bytes;
  while (!rest.empty()) {
    std::size_t length = first_code_point(rest).length;
    if (length != 0) {
      text += rest.substr(0, length);
    } else {
      length = beginning_length(rest);
      if (length == rest.size() && may_go_on(rest)) break;
      text += kReplacementUtf8;
    }
    rest.remove_prefix(length);
  }
  bytes.erase(0, bytes.size() - rest.size());
}

std::string replace_invalid_utf8(std::string_view text) {
  std::string bytes(text), valid;
  valid.reserve(text.size());
  take_utf8(bytes, valid);
  if (!bytes.empty()) valid += kReplacementUtf8;
  return valid;
}

}  // namespace rocmforge
