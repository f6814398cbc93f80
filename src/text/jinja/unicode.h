// Classifies and converts characters as Python's str methods do.
#pragma once

#include <string>
#include <string_view>

namespace rocmforge::text::jinja {

bool is_space(char32_t c);
bool is_line_end(char32_t c);
bool is_letter(char32_t c);   // str.isalpha
bool is_decimal(char32_t c);  // str.isdecimal
bool is_digit(char32_t c);    // str.isdigit: superscripts too
bool is_numeric(char32_t c);  // str.isnumeric: fractions and letters that are numbers too
bool is_printable(char32_t c);
bool is_upper(char32_t c);
bool is_lower(char32_t c);
bool is_title(char32_t c);
bool is_identifier_start(char32_t c);
bool is_identifier_part(char32_t c);

// One letter may become several: ß becomes SS.
void append_upper(std::string& out, char32_t c);
void append_lower(std::string& out, char32_t c);
void append_title(std::string& out, char32_t c);
void append_folded(std::string& out, char32_t c);

// Convert a whole text. Σ becomes ς at the end of a word.
std::string lower_text(std::string_view text);
std::string upper_text(std::string_view text);

// Converts a text as str.title does: a letter that does not follow a cased letter becomes title case, the others lower
// case.
std::string title_text(std::string_view text);

}  // namespace rocmforge::text::jinja
