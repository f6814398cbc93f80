// Converts between bytes and GPT-2's byte alphabet, which writes every byte as one printable character: a printable
// byte stands for itself, and the other bytes are numbered in order from U+0100 on.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace rocmforge::text {

// Returns the alphabet's character for `byte`, as UTF-8.
std::string_view alphabet_character(unsigned char byte);

// Appends the bytes that `text` stands for. Returns false, and appends nothing, if `text` holds a character outside the
// alphabet.
bool append_alphabet_bytes(std::string_view text, std::string& bytes);

}  // namespace rocmforge::text
