#include "text/word_scanners.h"

#include "base/utf8.h"
#include "text/character_class.h"

namespace rocmforge::text {
namespace {

struct Character {
  CharacterClass kind = CharacterClass::kOther;
  std::size_t end = 0;
};

Character character_at(std::string_view text, std::size_t at) {
  const auto byte = static_cast<unsigned char>(text[at]);
  if (byte < 128) return {kAsciiClasses[byte], at + 1};
  const CodePoint c = first_code_point(text.substr(at));
  return {class_of_general(c.value), at + c.length};
}

bool is_line_break(char c) { return c == '\r' || c == '\n'; }

// Returns the end of a run of characters of one class, at most `most` of them.
std::size_t run_end(std::string_view text, std::size_t at, CharacterClass kind, std::size_t most = SIZE_MAX) {
  for (std::size_t count = 0; at < text.size() && count < most; ++count) {
    const Character c = character_at(text, at);
    if (c.kind != kind) break;
    at = c.end;
  }
  return at;
}

// Returns the length of a contraction such as `'s` at `at`, or 0 if there is none. If `any_case` is set, s includes the
// long s, U+017F.
template <bool any_case>
std::size_t contraction_length(std::string_view text, std::size_t at) {
  const auto letter = [&](std::size_t offset) {
    const char c = at + offset < text.size() ? text[at + offset] : '\0';
    return any_case && c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  };
  switch (letter(1)) {
    case 's':
    case 't':
    case 'm':
    case 'd': return 2;
    case 'r':
    case 'v': return letter(2) == 'e' ? 3 : 0;
    case 'l': return letter(2) == 'l' ? 3 : 0;
    case '\xc5': return any_case && letter(2) == '\xbf' ? 3 : 0;
    default: return 0;
  }
}

// Matches `\s+(?!\S)`, or a single space before a word if that matches nothing.
std::size_t space_end(std::string_view text, std::size_t at, std::size_t first_end) {
  std::size_t end = first_end, last = at;
  while (end < text.size()) {
    const Character c = character_at(text, end);
    if (c.kind != CharacterClass::kSpace) break;
    last = end;
    end = c.end;
  }
  return end == text.size() || last == at ? end : last;
}

// 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)
std::size_t gpt2_word(std::string_view text, std::size_t at) {
  if (text[at] == '\'') {
    if (const std::size_t length = contraction_length<false>(text, at)) return at + length;
  }
  const Character first = character_at(text, at);
  if (first.kind != CharacterClass::kSpace) return run_end(text, first.end, first.kind);
  if (text[at] == ' ' && first.end < text.size()) {
    const Character second = character_at(text, first.end);
    if (second.kind != CharacterClass::kSpace) return run_end(text, second.end, second.kind);
  }
  return space_end(text, at, first.end);
}

// (?i:'s|…)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
template <std::size_t most_numbers>
std::size_t llama3_word(std::string_view text, std::size_t at) {
  if (text[at] == '\'') {
    if (const std::size_t length = contraction_length<true>(text, at)) return at + length;
  }
  const Character first = character_at(text, at);
  if (first.kind == CharacterClass::kLetter) return run_end(text, first.end, CharacterClass::kLetter);
  if (first.kind == CharacterClass::kNumber) return run_end(text, first.end, CharacterClass::kNumber, most_numbers - 1);

  // A character of another class may precede a word, and a space may precede a run of other characters.
  std::size_t others = first.kind == CharacterClass::kOther ? first.end : 0;
  if (!is_line_break(text[at]) && first.end < text.size()) {
    const Character second = character_at(text, first.end);
    if (second.kind == CharacterClass::kLetter) return run_end(text, second.end, CharacterClass::kLetter);
    if (text[at] == ' ' && second.kind == CharacterClass::kOther) others = second.end;
  }
  if (others > 0) {
    std::size_t end = run_end(text, others, CharacterClass::kOther);
    while (end < text.size() && is_line_break(text[end])) ++end;
    return end;
  }

  // A run of white space ends at its last line break, if it has one.
  const std::size_t run = run_end(text, first.end, CharacterClass::kSpace);
  for (std::size_t end = run; end > at; --end) {
    if (is_line_break(text[end - 1])) return end;
  }
  return space_end(text, at, first.end);
}

}  // namespace

std::size_t scan_gpt2_word(std::string_view text, std::size_t at) { return gpt2_word(text, at); }
std::size_t scan_llama3_word(std::string_view text, std::size_t at) { return llama3_word<3>(text, at); }
std::size_t scan_qwen2_word(std::string_view text, std::size_t at) { return llama3_word<1>(text, at); }

}  // namespace rocmforge::text
