// Formats and parses numbers and names for people, and makes text of unknown origin safe to print.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace rocmforge {

// Formats with three digits and a binary unit: "4.63 GiB", "17.5 MiB"; below 1024 "812 bytes".
std::string format_bytes(std::uint64_t bytes);

// Formats as "1,234 bytes (1.21 KiB)", for sizes of which the exact number matters.
std::string format_exact_bytes(std::uint64_t bytes);

// Formats with three digits and K, M, B or T, as is usual for model parameters: "8.03 B". Numbers below 1000 are exact.
std::string format_count(std::uint64_t count);

// Formats as "128,256".
std::string group_digits(std::uint64_t number);

// Parses "4096", "2G", "1.5 GiB" or "100 MB", in any case. K, M, G, T and KiB to TiB are powers of 1024, KB to TB
// powers of 1000. Throws Error for anything else.
std::uint64_t parse_byte_size(std::string_view text);

// Returns whether the text is well-formed UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF.
bool is_valid_utf8(std::string_view text);

inline constexpr std::size_t kPrintableLimit = 120;

// Makes text of unknown origin safe for a terminal or a log: control characters, escape sequences, invisible and
// direction-changing characters and bytes that are not UTF-8 become \n, \x1b or \u{202e}. Text longer than `limit`
// characters is truncated and ends with "…".
std::string printable(std::string_view text, std::size_t limit = kPrintableLimit);

// Does the same for a whole message: line feeds stay, and nothing is truncated.
std::string printable_lines(std::string_view text);

// Replaces the same characters in JSON text by JSON's escapes, which mean the same.
std::string printable_json(std::string text);

// Returns the value of a hexadecimal digit in either case, or -1.
int hexadecimal_digit(char c);

// Compares text ignoring the case of ASCII letters.
bool equal_ignoring_case(std::string_view a, std::string_view b);

// Returns the candidate of which `name` is most likely a misspelling, or nothing if none is similar.
std::optional<std::string_view> closest(std::string_view name, std::span<const std::string_view> candidates);

}  // namespace rocmforge
