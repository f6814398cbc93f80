// The cuts of the patterns that most models share (text/pretokenizer_patterns.h), by hand: a look at each character in
// place of a call of the pattern engine for each word. Which pays is measured by bench/tokenizer_bench.
#pragma once

#include <cstddef>
#include <string_view>

namespace rocmforge::text {

// The end of the piece that begins at `at`. `text` is UTF-8 and longer than `at`.
std::size_t scan_gpt2_word(std::string_view text, std::size_t at);
std::size_t scan_llama3_word(std::string_view text, std::size_t at);
std::size_t scan_qwen2_word(std::string_view text, std::size_t at);

}  // namespace rocmforge::text
