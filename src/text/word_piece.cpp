#include "text/word_piece.h"

#include <array>

#include <utf8proc.h>

#include "base/utf8.h"
#include "text/character_class.h"
#include "text/escaped_space.h"

namespace rocmforge::text {
namespace {

// Returns whether this is an ideograph. Each ideograph is a word of its own.
bool is_ideograph(char32_t c) {
  return (c >= 0x4e00 && c <= 0x9fff) || (c >= 0x3400 && c <= 0x4dbf) || (c >= 0x20000 && c <= 0x2a6df) ||
         (c >= 0x2a700 && c <= 0x2b73f) || (c >= 0x2b740 && c <= 0x2b81f) || (c >= 0x2b820 && c <= 0x2ceaf) ||
         (c >= 0xf900 && c <= 0xfaff) || (c >= 0x2f800 && c <= 0x2fa1f);
}

bool is_ascii_symbol(char32_t c) {
  return (c >= 0x21 && c <= 0x2f) || (c >= 0x3a && c <= 0x40) || (c >= 0x5b && c <= 0x60) || (c >= 0x7b && c <= 0x7e);
}

bool is_punctuation(char32_t c) {
  const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(c));
  return is_ascii_symbol(c) || (category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_PO);
}

// Returns whether the character is dropped: control, format and private-use characters, NUL, and the replacement of
// invalid bytes.
bool is_dropped(char32_t c) {
  const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(c));
  return c == 0 || c == kReplacementCharacter || category == UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_CF ||
         category == UTF8PROC_CATEGORY_CO;
}

bool is_mark(char32_t c) {
  const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(c));
  return category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_ME;
}

// Returns the character without its accents. A Hangul syllable becomes its first consonant and marks of all kinds are
// dropped, as in the reference implementation. Vocabularies with Korean or Hindi turn stripping off.
char32_t base_character(char32_t c) {
  std::array<utf8proc_int32_t, 32> decomposed{};
  const utf8proc_ssize_t count = utf8proc_decompose_char(static_cast<utf8proc_int32_t>(c), decomposed.data(),
                                                         decomposed.size(), UTF8PROC_DECOMPOSE, nullptr);
  return count > 0 ? static_cast<char32_t>(decomposed[0]) : c;
}

}  // namespace

WordPieceEncoder::WordPieceEncoder(const Vocabulary& vocabulary, const gguf::Metadata& metadata)
    : vocabulary_(vocabulary),
      lowercase_(metadata.get_or<bool>("tokenizer.ggml.normalizer.lowercase", true)),
      strip_accents_(metadata.get_or<bool>("tokenizer.ggml.normalizer.strip_accents", lowercase_)) {
  std::vector<TokenTrie::Entry> entries;
  for (std::size_t i = 0; i < vocabulary.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    if (!vocabulary.is_control(id)) entries.push_back({vocabulary.text(id), id});
  }
  trie_ = TokenTrie(std::move(entries));
}

void WordPieceEncoder::encode(std::string_view text, EncodingSpace& space, std::vector<TokenId>& tokens) const {
  // In the vocabulary, a token at the beginning of a word starts with U+2581.
  std::string& word = space.normalized;
  const auto begin_word = [&] { word = kEscapedSpace; };
  const auto end_word = [&] {
    if (word.size() > kEscapedSpace.size()) encode_word(word, tokens);
    begin_word();
  };
  begin_word();
  const auto take = [&](char32_t c) {
    if (strip_accents_) c = base_character(c);
    if (strip_accents_ && is_mark(c)) return;
    if (lowercase_) c = static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c)));
    const bool alone = is_punctuation(c) || is_ideograph(c);
    if (alone) end_word();
    append_utf8(word, c);
    if (alone) end_word();
  };
  while (!text.empty()) {
    const CodePoint c = first_code_point(text);
    text.remove_prefix(c.length);
    if (is_white_space(c.value)) {
      end_word();
    } else if (!is_dropped(c.value)) {
      take(c.value);
    }
  }
  end_word();
}

void WordPieceEncoder::encode_word(std::string_view word, std::vector<TokenId>& tokens) const {
  const std::size_t before = tokens.size();
  while (!word.empty()) {
    const auto [length, id] = trie_.longest(word);
    if (length == 0) {
      // If part of the word is unknown, the whole word becomes the unknown token.
      tokens.resize(before);
      if (vocabulary_.special().unknown != kNoToken) tokens.push_back(vocabulary_.special().unknown);
      return;
    }
    tokens.push_back(id);
    word.remove_prefix(length);
  }
}

}  // namespace rocmforge::text
