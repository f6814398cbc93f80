// Tests formatting and parsing of sizes, and printing of untrusted text.
#include "base/text.h"

#include <array>
#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "support/expect_error.h"

namespace rocmforge {
namespace {

// People base decisions on sizes: whether a model fits, whether a download is worth it.
TEST(Text, FormatsBytesWithThreeDigits) {
  EXPECT_EQ(format_bytes(0), "0 bytes");
  EXPECT_EQ(format_bytes(1), "1 byte");
  EXPECT_EQ(format_bytes(1023), "1023 bytes");
  EXPECT_EQ(format_bytes(1024), "1.00 KiB");
  EXPECT_EQ(format_bytes(4976000000), "4.63 GiB");
  EXPECT_EQ(format_bytes(18350080), "17.5 MiB");
  EXPECT_EQ(format_bytes(std::uint64_t{1} << 29), "512 MiB");
  EXPECT_EQ(format_bytes((std::uint64_t{1} << 30) - 1), "1.00 GiB");
  EXPECT_EQ(format_bytes(std::numeric_limits<std::uint64_t>::max()), "16.0 EiB");
  EXPECT_EQ(format_exact_bytes(1234), "1,234 bytes (1.21 KiB)");
  EXPECT_EQ(format_exact_bytes(7), "7 bytes");
}

// Users know a model's size as "8.03 B".
TEST(Text, FormatsCountsOfParameters) {
  EXPECT_EQ(format_count(999), "999");
  EXPECT_EQ(format_count(1000), "1.00 K");
  EXPECT_EQ(format_count(134515008), "135 M");
  EXPECT_EQ(format_count(999900000), "1.00 B");
  EXPECT_EQ(format_count(8030261248), "8.03 B");
  EXPECT_EQ(group_digits(0), "0");
  EXPECT_EQ(group_digits(999), "999");
  EXPECT_EQ(group_digits(128256), "128,256");
  EXPECT_EQ(group_digits(1234567), "1,234,567");
}

// A mistyped limit must not become another limit.
TEST(Text, ParsesSizesAndRefusesTheRest) {
  EXPECT_EQ(parse_byte_size("4096"), 4096u);
  EXPECT_EQ(parse_byte_size("2G"), std::uint64_t{2} << 30);
  EXPECT_EQ(parse_byte_size("1.5 gib"), std::uint64_t{3} << 29);
  EXPECT_EQ(parse_byte_size("100 MB"), 100000000u);
  EXPECT_EQ(parse_byte_size("7b"), 7u);
  for (const char* bad : {"", "G", "-1", "1X", "1GG", "1 G b", "nan", "inf", "1e3", "99999999T", "0x10"}) {
    EXPECT_ERROR(parse_byte_size(bad), "is not a size in bytes");
  }
}

// Names of tensors and keys appear in JSON, which must be UTF-8.
TEST(Text, TellsUtf8FromOtherBytes) {
  EXPECT_TRUE(is_valid_utf8(""));
  EXPECT_TRUE(is_valid_utf8("blk.0.attn_q.weight"));
  EXPECT_TRUE(is_valid_utf8("Grüße, 世界 🙂 \u0080\u07ff\u0800\uffff\U00010000\U0010ffff"));
  for (const std::string bad : {"\x80", "\xc0\xaf", "\xc1\xbf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80",
                                "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xe4\xb8", "\xf0\x9f\x99"}) {
    EXPECT_FALSE(is_valid_utf8(bad));
    EXPECT_FALSE(is_valid_utf8("12345678" + bad + "12345678"));
  }
}

// A model's name must not move the cursor, colour the terminal or reverse the text.
TEST(Text, PrintsHostileTextHarmlessly) {
  EXPECT_EQ(printable("plain text, größer, 世界"), "plain text, größer, 世界");
  EXPECT_EQ(printable("a\nb\t\x1b[31mred\x07"), "a\\nb\\t\\x1b[31mred\\x07");
  EXPECT_EQ(printable("abc\u202egpj.exe"), "abc\\u{202e}gpj.exe");
  EXPECT_EQ(printable("\xff\xc3"), "\\xff\\xc3");
  EXPECT_EQ(printable(std::string_view("a\0b", 3)), "a\\x00b");
  EXPECT_EQ(printable("\u009b31m"), "\\u{9b}31m");
}

// A string of 64 MiB in the metadata must not flood the terminal.
TEST(Text, CutsLongText) {
  EXPECT_EQ(printable("abcdef", 6), "abcdef");
  EXPECT_EQ(printable("abcdefg", 6), "abcdef…");
  EXPECT_EQ(printable("世界世界", 2), "世界…");
  EXPECT_EQ(printable("ab\x1b\x1b", 7), "ab\\x1b…");
}

TEST(Text, IgnoresCaseOfAsciiOnly) {
  EXPECT_TRUE(equal_ignoring_case("q4_K", "Q4_k"));
  EXPECT_FALSE(equal_ignoring_case("q4_k", "q4_kx"));
  EXPECT_FALSE(equal_ignoring_case("[", "{"));
}

// "Did you mean" saves a look at the help, but an unlikely guess misleads.
TEST(Text, FindsTheMostLikelySpelling) {
  constexpr std::array<std::string_view, 4> kNames = {"quantize", "dequantize", "inspect", "tokenize"};
  EXPECT_EQ(closest("inspekt", kNames), "inspect");
  EXPECT_EQ(closest("QUANTISE", kNames), "quantize");
  EXPECT_EQ(closest("tokenzie", kNames), "tokenize");
  EXPECT_EQ(closest("serve", kNames), std::nullopt);
  EXPECT_EQ(closest("", kNames), std::nullopt);
  EXPECT_EQ(closest(std::string(100000, 'q'), kNames), std::nullopt);
}

TEST(Text, KnowsHexadecimalDigits) {
  EXPECT_EQ(hexadecimal_digit('0'), 0);
  EXPECT_EQ(hexadecimal_digit('9'), 9);
  EXPECT_EQ(hexadecimal_digit('a'), 10);
  EXPECT_EQ(hexadecimal_digit('F'), 15);
  for (const char c : {'g', 'G', '/', ':', '@', '`', ' ', '\0'}) EXPECT_EQ(hexadecimal_digit(c), -1) << c;
}

TEST(Text, MessagesKeepTheirLinesAndNothingElseThatCommands) {
  EXPECT_EQ(printable_lines("one\ntwo\r\x1b[2J\xff\u202e"), "one\ntwo\\r\\x1b[2J\\xff\\u{202e}");
  const std::string large(1000, 'x');
  EXPECT_EQ(printable_lines(large), large);
}

}  // namespace
}  // namespace rocmforge
