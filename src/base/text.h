// Numbers and names as people read and write them, and text of unknown origin made safe to print.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace rocmforge {

// Three digits and a binary unit: "4.63 GiB", "17.5 MiB"; below 1024 "812 bytes".
std::string format_bytes(std::uint64_t bytes);

// "1,234 bytes (1.21 KiB)": where the exact number matters too.
std::string format_exact_bytes(std::uint64_t bytes);

// Three digits and K, M, B or T, as parameters of models are counted: "8.03 B"; below 1000 as it is.
std::string format_count(std::uint64_t count);

// "128,256".
std::string group_digits(std::uint64_t number);

// "4096", "2G", "1.5 GiB", "100 MB" in any case. K, M, G, T and KiB to TiB are powers of 1024, KB to TB powers of 1000.
// Anything else is an Error.
std::uint64_t parse_byte_size(std::string_view text);

// The well-formed UTF-8 of Unicode: no overlong forms, no surrogates, nothing above U+10FFFF.
bool is_valid_utf8(std::string_view text);

inline constexpr std::size_t kPrintableLimit = 120;

// Text of unknown origin for a terminal or a log: control characters, escape sequences, invisible and
// direction-changing characters and bytes that are no UTF-8 come out as \n, \x1b or \u{202e}. After `limit` characters
// it is cut and ends in …
std::string printable(std::string_view text, std::size_t limit = kPrintableLimit);

// The same for a whole message: line feeds stay, and nothing is cut.
std::string printable_lines(std::string_view text);

// JSON text with the same characters written as JSON's escapes, which mean the same.
std::string printable_json(std::string text);

// The value of a hexadecimal digit in either case; -1 for anything else.
int hexadecimal_digit(char c);

// ASCII letters in either case count as equal.
bool equal_ignoring_case(std::string_view a, std::string_view b);

// The candidate that `name` is most likely a misspelling of; none when nothing comes near.
std::optional<std::string_view> closest(std::string_view name, std::span<const std::string_view> candidates);

}  // namespace rocmforge
