#include "text/jinja/unicode.h"

#include <array>

#include <utf8proc.h>

#include "base/utf8.h"

namespace rocmforge::text::jinja {
namespace {

utf8proc_category_t category(char32_t c) { return utf8proc_category(static_cast<utf8proc_int32_t>(c)); }

char32_t simple_upper(char32_t c) { return static_cast<char32_t>(utf8proc_toupper(static_cast<utf8proc_int32_t>(c))); }
char32_t simple_lower(char32_t c) { return static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c))); }
char32_t simple_title(char32_t c) { return static_cast<char32_t>(utf8proc_totitle(static_cast<utf8proc_int32_t>(c))); }

struct Folded {
  std::array<utf8proc_int32_t, 8> letters{};
  int count = 0;
};

Folded folded(char32_t c) {
  Folded result;
  int boundary = 0;
  const auto count =
      utf8proc_decompose_char(static_cast<utf8proc_int32_t>(c), result.letters.data(),
                              static_cast<utf8proc_ssize_t>(result.letters.size()), UTF8PROC_CASEFOLD, &boundary);
  result.count = static_cast<int>(count);
  return result;
}

constexpr char32_t kDottedI = 0x130;
constexpr char32_t kSharpS = 0x1e9e;
constexpr char32_t kSmallSharpS = 0xdf;
constexpr char32_t kApostropheN = 0x149;
constexpr char32_t kSigma = 0x3a3;
constexpr char32_t kFinalSigma = 0x3c2;

bool is_cased(char32_t c) { return is_upper(c) || is_lower(c) || is_title(c); }

// Returns whether this is a mark or an apostrophe, which do not end a word.
bool is_case_ignorable(char32_t c) {
  switch (category(c)) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_SK: return true;
    default: return c == '\'' || c == '.' || c == ':' || c == 0xb7 || c == 0x2019;
  }
}

// Returns whether a word continues at the beginning of `text`.
bool goes_on_cased(std::string_view text) {
  while (!text.empty()) {
    const CodePoint c = first_code_point(text);
    if (!is_case_ignorable(c.value)) return is_cased(c.value);
    text.remove_prefix(c.length);
  }
  return false;
}

}  // namespace

bool is_space(char32_t c) {
  if (c < 0x80) return (c >= 0x09 && c <= 0x0d) || (c >= 0x1c && c <= 0x20);
  return c == 0x85 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 ||
         c == 0x202f || c == 0x205f || c == 0x3000;
}

bool is_line_end(char32_t c) {
  return (c >= 0x0a && c <= 0x0d) || (c >= 0x1c && c <= 0x1e) || c == 0x85 || c == 0x2028 || c == 0x2029;
}

bool is_letter(char32_t c) {
  if (c < 0x80) return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  const utf8proc_category_t kind = category(c);
  return kind >= UTF8PROC_CATEGORY_LU && kind <= UTF8PROC_CATEGORY_LO;
}

bool is_decimal(char32_t c) { return c < 0x80 ? c >= '0' && c <= '9' : category(c) == UTF8PROC_CATEGORY_ND; }

bool is_digit(char32_t c) {
  const bool raised = c == 0xb2 || c == 0xb3 || c == 0xb9 || c == 0x2070 || (c >= 0x2074 && c <= 0x2079);
  const bool circled = (c >= 0x2460 && c <= 0x2468) || (c >= 0x2474 && c <= 0x247c) || (c >= 0x2488 && c <= 0x2490);
  return is_decimal(c) || raised || circled || (c >= 0x2080 && c <= 0x2089);
}

bool is_numeric(char32_t c) {
  if (c < 0x80) return is_decimal(c);
  const utf8proc_category_t kind = category(c);
  if (kind >= UTF8PROC_CATEGORY_ND && kind <= UTF8PROC_CATEGORY_NO) return true;
  constexpr std::u32string_view kIdeographs = U"〇一二三四五六七八九十百千万億兆零壹貳參肆伍陸柒捌玖拾";
  return kIdeographs.find(c) != std::u32string_view::npos;
}

bool is_printable(char32_t c) {
  if (c < 0x7f) return c >= 0x20;
  const utf8proc_category_t kind = category(c);
  const bool is_separator = kind >= UTF8PROC_CATEGORY_ZS && kind <= UTF8PROC_CATEGORY_ZP;
  const bool is_other = kind == UTF8PROC_CATEGORY_CN || kind >= UTF8PROC_CATEGORY_CC;
  return !is_separator && !is_other;
}

bool is_upper(char32_t c) {
  if (c < 0x80) return c >= 'A' && c <= 'Z';
  return utf8proc_isupper(static_cast<utf8proc_int32_t>(c)) != 0;
}

bool is_lower(char32_t c) {
  if (c < 0x80) return c >= 'a' && c <= 'z';
  return utf8proc_islower(static_cast<utf8proc_int32_t>(c)) != 0;
}

bool is_title(char32_t c) { return c >= 0x80 && category(c) == UTF8PROC_CATEGORY_LT; }

bool is_identifier_start(char32_t c) { return c == '_' || is_letter(c) || category(c) == UTF8PROC_CATEGORY_NL; }

bool is_identifier_part(char32_t c) {
  if (is_identifier_start(c) || is_decimal(c)) return true;
  const utf8proc_category_t kind = category(c);
  return kind == UTF8PROC_CATEGORY_MN || kind == UTF8PROC_CATEGORY_MC || kind == UTF8PROC_CATEGORY_PC;
}

// If folding gives several letters, Unicode's full mapping is the simple mapping of each of them. This is true for all
// of Unicode 15 except the two cases below.
void append_upper(std::string& out, char32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    return;
  }
  const Folded letters = folded(c);
  if (letters.count <= 1 || c == kDottedI || c == kSharpS) {
    append_utf8(out, simple_upper(c));
    return;
  }
  for (int i = 0; i < letters.count; ++i) {
    append_utf8(out, simple_upper(static_cast<char32_t>(letters.letters[static_cast<std::size_t>(i)])));
  }
}

void append_lower(std::string& out, char32_t c) {
  if (c == kDottedI) {
    out += "i\xcc\x87";
  } else {
    append_utf8(out, simple_lower(c));
  }
}

void append_title(std::string& out, char32_t c) {
  if (c == kApostropheN) return append_upper(out, c);
  const Folded letters = folded(c);
  const bool has_title = (simple_title(c) != c && c != kSmallSharpS) || is_title(c);
  if (c < 0x80 || letters.count <= 1 || c == kDottedI || c == kSharpS || has_title) {
    append_utf8(out, simple_title(c));
    return;
  }
  append_utf8(out, simple_upper(static_cast<char32_t>(letters.letters[0])));
  for (int i = 1; i < letters.count; ++i) {
    append_utf8(out, static_cast<char32_t>(letters.letters[static_cast<std::size_t>(i)]));
  }
}

void append_folded(std::string& out, char32_t c) {
  const Folded letters = folded(c);
  for (int i = 0; i < letters.count; ++i) {
    append_utf8(out, static_cast<char32_t>(letters.letters[static_cast<std::size_t>(i)]));
  }
}

std::string lower_text(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  bool in_word = false;
  while (!text.empty()) {
    const CodePoint c = first_code_point(text);
    text.remove_prefix(c.length);
    if (c.value == kSigma && in_word && !goes_on_cased(text)) {
      append_utf8(out, kFinalSigma);
    } else {
      append_lower(out, c.value);
    }
    if (!is_case_ignorable(c.value)) in_word = is_cased(c.value);
  }
  return out;
}

std::string upper_text(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const CodePoint c = first_code_point(text);
    append_upper(out, c.value);
    text.remove_prefix(c.length);
  }
  return out;
}

std::string title_text(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  bool in_word = false;
  while (!text.empty()) {
    const CodePoint c = first_code_point(text);
    if (in_word) {
      append_lower(out, c.value);
    } else {
      append_title(out, c.value);
    }
    in_word = is_cased(c.value);
    text.remove_prefix(c.length);
  }
  return out;
}

}  // namespace rocmforge::text::jinja
