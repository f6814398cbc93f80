// Generates text of all kinds for tests that compare two implementations.
#pragma once

#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

#include "base/utf8.h"

namespace rocmforge::testing {

class RandomText {
 public:
  explicit RandomText(std::uint32_t seed) : random_(seed) {}

  // Returns words, numbers, white space, signs and scripts side by side, partly broken up. Always UTF-8.
  std::string operator()(std::size_t pieces) {
    static constexpr std::array<std::string_view, 44> kPieces = {
        " ",    "  ",    "\n",    "\r\n",  "\t",      "\u00a0",     "\u3000", "\u180e", "\u0085", "a",    "the",
        "The",  "HTTP",  "don't", "'s",    "'S",      "'ſ",         "'ll",    "'Ve",    "'x",     "1",    "2024",
        "½",    "٣",     "²",     "é",     "e\u0301", "ß",          "Ω",      "привет", "世界",   "ひら", "カナ",
        "한국", "हिन्दी", "ไทย",   "עברית", "🙂",      "👩\u200d👧", "!",      "...",    "<|",     "{}",   "—"};
    std::string text;
    for (std::size_t i = 0; i < pieces; ++i) {
      if (below(8) == 0) {
        append_utf8(text, any_character());
      } else {
        text += kPieces[below(kPieces.size())];
      }
    }
    return text;
  }

  // Returns any code point, with equal probability for the first plane and the rest.
  char32_t any_character() {
    for (;;) {
      const auto c = static_cast<char32_t>(below(2) == 0 ? below(0x10000) : below(0x110000));
      if (c < 0xd800 || c > 0xdfff) return c;
    }
  }

  std::size_t below(std::size_t count) { return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_); }

 private:
  std::mt19937 random_;
};

}  // namespace rocmforge::testing
