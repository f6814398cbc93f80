// Tests decoding of UTF-8 and replacement of invalid bytes.
#include "base/utf8.h"

#include <string>

#include <gtest/gtest.h>

#include "base/text.h"

namespace rocmforge {
namespace {

TEST(Utf8, EveryCodePointComesBack) {
  for (char32_t c = 0; c <= 0x10ffff; ++c) {
    if (c == 0xd800) c = 0xe000;
    std::string text;
    append_utf8(text, c);
    ASSERT_EQ(first_code_point(text).value, c);
    ASSERT_EQ(first_code_point(text).length, text.size());
  }
}

TEST(Utf8, WhatIsNoCodePointBecomesTheReplacement) {
  std::string text;
  append_utf8(text, 0xd800);
  append_utf8(text, 0x110000);
  EXPECT_EQ(text, "\ufffd\ufffd");
}

// The counts of Table 3-8 of the Unicode standard ("U+FFFD substitution of maximal subparts").
TEST(Utf8, ReplacesEachLongestBeginningOnce) {
  EXPECT_EQ(replace_invalid_utf8("\xc0\xaf\xe0\x80\xbf\xf0\x81\x82\x41"),
            "\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd"
            "A");
  EXPECT_EQ(replace_invalid_utf8("\xed\xa0\x80\xed\xbf\xbf\xed\xaf\x41"),
            "\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd"
            "A");
  EXPECT_EQ(replace_invalid_utf8("\xf4\x91\x92\x93\xff\x41\x80\xbf\x42"),
            "\ufffd\ufffd\ufffd\ufffd\ufffd"
            "A\ufffd\ufffd"
            "B");
  EXPECT_EQ(replace_invalid_utf8("\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41"),
            "\ufffd\ufffd\ufffd\ufffd"
            "A");
}

TEST(Utf8, KeepsTheBeginningOfACharacterBack) {
  const std::string smile = "\xf0\x9f\x99\x82";
  for (std::size_t cut = 1; cut < smile.size(); ++cut) {
    std::string bytes = "ab" + smile.substr(0, cut), text;
    take_utf8(bytes, text);
    EXPECT_EQ(text, "ab");
    EXPECT_EQ(bytes, smile.substr(0, cut));
    take_utf8(bytes += smile.substr(cut), text);
    EXPECT_EQ(text, "ab" + smile);
    EXPECT_EQ(bytes, "");
  }
}

// However the bytes arrive, the text is the same.
TEST(Utf8, AnySplitGivesTheSameText) {
  const std::string bytes = "a\xe2\x82\xac\xff\xe2\x82z\xf0\x9f\x99\x82\xed\xa0\x80\xf4\x8f\xbf";
  const std::string whole = replace_invalid_utf8(bytes);
  EXPECT_TRUE(is_valid_utf8(whole));
  for (std::size_t step = 1; step <= bytes.size(); ++step) {
    std::string pending, text;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
      pending += bytes.substr(at, step);
      take_utf8(pending, text);
    }
    EXPECT_EQ(text + replace_invalid_utf8(pending), whole) << "in pieces of " << step;
  }
}

}  // namespace
}  // namespace rocmforge
