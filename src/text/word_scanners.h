// Hand-written scanners for the patterns that most models share (text/pretokenizer_patterns.h). They look at each
// character once instead of calling the pattern engine for each word. bench/tokenizer_bench measures what this gains.
#pragma once

#include <cstddef>
#include <string_view>

namespace rocmforge::text {

// Returns the end of the piece that begins at `at`. Requires: `text` is UTF-8 and `at` < text.size().
std::size_t scan_gpt2_word(std::string_view text, std::size_t at);
std::size_t scan_llama3_word(std::string_view text, std::size_t at);
std::size_t scan_qwen2_word(std::string_view text, std::size_t at);

}  // namespace rocmforge::text
