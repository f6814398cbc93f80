// GPT-2's way of writing any bytes as printable characters: those that print stand for themselves, the others, in their
// order, for U+0100 and on.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace rocmforge::text {

// The character of a byte, as UTF-8.
std::string_view alphabet_character(unsigned char byte);

// Appends the bytes that `text` stands for; false, and nothing appended, when it holds a character that is none of the
// alphabet's.
bool append_alphabet_bytes(std::string_view text, std::string& bytes);

}  // namespace rocmforge::text
