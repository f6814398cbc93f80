#include "text/jinja/lexer.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "base/utf8.h"
#include "text/jinja/string_literal.h"
#include "text/jinja/unicode.h"

namespace rocmforge::text::jinja {
namespace {

bool is_digit_of(char c, int base) {
  if (c >= '0' && c <= '9') return c - '0' < base;
  const char lower = static_cast<char>(c | 0x20);
  return base == 16 && lower >= 'a' && lower <= 'f';
}

std::size_t space_length(std::string_view text) {
  if (text.empty()) return 0;
  const CodePoint c = first_code_point(text);
  return is_space(c.value) ? c.length : 0;
}

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(source) {}

  std::vector<Token> run() {
    while (at_ < source_.size()) text_and_tag();
    add(TokenKind::kEnd, at_, "");
    return std::move(tokens_);
  }

 private:
  enum class Tag { kBlock, kVariable };

  std::string_view rest() const { return source_.substr(at_); }
  char at(std::size_t offset) const { return offset < source_.size() ? source_[offset] : '\0'; }

  void add(TokenKind kind, std::size_t offset, std::string text) {
    tokens_.push_back({kind, static_cast<std::uint32_t>(offset), std::move(text)});
  }

  [[noreturn]] void fail(std::size_t offset, std::string message) const {
    throw SyntaxFailure{static_cast<std::uint32_t>(offset), std::move(message)};
  }

  std::size_t next_tag() const {
    for (std::size_t i = at_; (i = source_.find('{', i)) != std::string_view::npos; ++i) {
      const char kind = at(i + 1);
      if (kind == '%' || kind == '{' || kind == '#') return i;
    }
    return source_.size();
  }

  void skip_space() {
    while (const std::size_t length = space_length(rest())) at_ += length;
  }

  void text_and_tag() {
    const std::size_t begin = at_;
    const std::size_t tag = next_tag();
    const char kind = at(tag + 1);
    const char sign = at(tag + 2);
    add_text(begin, tag, sign, kind != '{');
    at_ = tag;
    if (tag == source_.size()) return;
    at_ += sign == '-' || sign == '+' ? 3 : 2;
    switch (kind) {
      case '#': comment(tag); break;
      case '{':
        add(TokenKind::kVariableBegin, tag, "");
        words(tag, Tag::kVariable);
        break;
      default:
        if (skip_raw_word("raw")) {
          raw(tag);
        } else {
          add(TokenKind::kBlockBegin, tag, "");
          words(tag, Tag::kBlock);
        }
    }
  }

  // Adds the text before a tag. `-` strips all white space at its end; otherwise, a tag that prints nothing strips the
  // blanks in front of it if they begin the line.
  void add_text(std::size_t begin, std::size_t end, char sign, bool strips_line) {
    if (end < source_.size() && sign == '-') {
      end = begin + stripped_right(source_.substr(begin, end - begin)).size();
    } else if (end < source_.size() && strips_line && sign != '+') {
      const std::size_t newline = source_.substr(begin, end - begin).rfind('\n');
      const bool has_line_start = newline != std::string_view::npos;
      const std::size_t line = has_line_start ? begin + newline + 1 : begin;
      const bool at_line_start = has_line_start || begin == 0 || source_[begin - 1] == '\n';
      if (at_line_start && source_.substr(line, end - line).find_first_not_of(" \t") == std::string_view::npos)
        end = line;
    }
    if (end > begin) add(TokenKind::kText, begin, std::string(source_.substr(begin, end - begin)));
  }

  static std::string_view stripped_right(std::string_view text) {
    while (!text.empty()) {
      std::size_t start = text.size() - 1;
      while (start != 0 && (static_cast<unsigned char>(text[start]) & 0xc0) == 0x80) --start;
      if (space_length(text.substr(start)) == 0) break;
      text.remove_suffix(text.size() - start);
    }
    return text;
  }

  // Handles the text after a tag that prints nothing: `-` strips all white space; without `+` one newline is removed.
  void end_of_silent_tag(char sign) {
    if (sign == '-') {
      skip_space();
    } else if (sign != '+' && at(at_) == '\n') {
      ++at_;
    }
  }

  void comment(std::size_t tag) {
    const std::size_t end = source_.find("#}", at_);
    if (end == std::string_view::npos) fail(tag, "this comment is never closed: '#}' is missing");
    const char sign = end > at_ ? at(end - 1) : '\0';
    at_ = end + 2;
    end_of_silent_tag(sign);
  }

  // Called after "{%". Returns whether the tag is `word` (`raw` or `endraw`) and, if so, skips it up to its end.
  bool skip_raw_word(std::string_view word) {
    const std::size_t start = at_;
    skip_space();
    if (rest().starts_with(word)) {
      at_ += word.size();
      skip_space();
      if (rest().starts_with("%}") || (rest().size() >= 3 && rest().substr(1, 2) == "%}" && sign_of_end() != '\0')) {
        return true;
      }
    }
    at_ = start;
    return false;
  }

  char sign_of_end() const { return at(at_) == '-' || at(at_) == '+' ? at(at_) : '\0'; }

  // Skips "%}", "-%}" or "+%}" and returns the sign.
  char skip_block_end() {
    const char sign = sign_of_end();
    at_ += sign == '\0' ? 2 : 3;
    return sign;
  }

  void raw(std::size_t tag) {
    if (skip_block_end() == '-') skip_space();
    const std::size_t begin = at_;
    for (std::size_t end = begin; (end = source_.find("{%", end)) != std::string_view::npos; end += 2) {
      const char sign = at(end + 2);
      at_ = end + (sign == '-' || sign == '+' ? 3 : 2);
      if (!skip_raw_word("endraw")) continue;
      add_text(begin, end, sign, true);
      end_of_silent_tag(skip_block_end());
      return;
    }
    fail(tag, "this raw block is never closed: '{% endraw %}' is missing");
  }

  // Reads the tokens up to the end of a tag. Inside brackets "}}" and "%}" do not end the tag.
  void words(std::size_t tag, Tag kind) {
    const std::string_view end = kind == Tag::kVariable ? "}}" : "%}";
    std::vector<char> open;
    while (true) {
      skip_space();
      if (at_ >= source_.size()) fail(tag, fmt::format("this tag is never closed: '{}' is missing", end));
      if (open.empty() && ends_here(end, kind)) return;
      word(open);
    }
  }

  bool ends_here(std::string_view end, Tag kind) {
    const std::size_t start = at_;
    const bool has_sign = at(at_) == '-' || (kind == Tag::kBlock && at(at_) == '+');
    if (source_.substr(has_sign ? at_ + 1 : at_, 2) != end) return false;
    const char sign = has_sign ? at(at_) : '\0';
    at_ += has_sign ? 3 : 2;
    add(kind == Tag::kVariable ? TokenKind::kVariableEnd : TokenKind::kBlockEnd, start, "");
    if (kind == Tag::kBlock) {
      end_of_silent_tag(sign);
    } else if (sign == '-') {
      skip_space();
    }
    return true;
  }

  void word(std::vector<char>& open) {
    const char c = at(at_);
    if (c >= '0' && c <= '9') return number();
    if (c == '\'' || c == '"') return string(c);
    if (is_identifier_start(first_code_point(rest()).value)) return name();
    operation(open);
  }

  void name() {
    const std::size_t start = at_;
    while (at_ < source_.size()) {
      const CodePoint c = first_code_point(rest());
      if (!is_identifier_part(c.value)) break;
      at_ += c.length;
    }
    add(TokenKind::kName, start, std::string(source_.substr(start, at_ - start)));
  }

  void string(char quote) {
    const std::size_t start = at_++;
    while (at(at_) != quote) {
      at_ += at(at_) == '\\' ? 2 : 1;
      if (at_ >= source_.size()) fail(start, "this string is never closed");
    }
    std::string text;
    const std::string_view between = source_.substr(start + 1, at_ - start - 1);
    if (const auto problem = resolve_escapes(between, text)) {
      fail(start + 1 + problem->offset, problem->message);
    }
    ++at_;
    add(TokenKind::kString, start, std::move(text));
  }

  // Returns the end of a run of digits with single underscores between them.
  std::size_t digits_end(std::size_t from, int base) const {
    std::size_t end = from;
    while (is_digit_of(at(end), base) || (end > from && at(end) == '_' && is_digit_of(at(end + 1), base))) ++end;
    return end;
  }

  void number() {
    const std::size_t start = at_;
    const char mark = static_cast<char>(at(at_ + 1) | 0x20);
    const int base = at(at_) != '0' ? 10 : mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : 10;
    bool is_float = false;
    if (base != 10) {
      const std::size_t first = at(start + 2) == '_' ? start + 3 : start + 2;
      at_ = digits_end(first, base);
      if (at_ == first) fail(start, "this number has no digits");
    } else {
      at_ = digits_end(start, 10);
      // In items.0.1 the second dot does not begin a fraction.
      const bool behind_dot = start != 0 && source_[start - 1] == '.';
      if (!behind_dot) {
        const bool has_fraction = skip_fraction();
        is_float = skip_exponent() || has_fraction;
      }
    }
    std::string text(source_.substr(start, at_ - start));
    std::erase(text, '_');
    add(is_float ? TokenKind::kFloat : TokenKind::kInteger, start, std::move(text));
  }

  bool skip_fraction() {
    if (at(at_) != '.' || !is_digit_of(at(at_ + 1), 10)) return false;
    at_ = digits_end(at_ + 1, 10);
    return true;
  }

  bool skip_exponent() {
    if ((at(at_) | 0x20) != 'e') return false;
    const std::size_t digits = at_ + (at(at_ + 1) == '+' || at(at_ + 1) == '-' ? 2 : 1);
    if (!is_digit_of(at(digits), 10)) return false;
    at_ = digits_end(digits, 10);
    return true;
  }

  void operation(std::vector<char>& open) {
    static constexpr std::array<std::string_view, 26> kOperators = {"//", "**", "==", "!=", ">=", "<=", "+", "-", "/",
                                                                    "*",  "%",  "~",  "[",  "]",  "(",  ")", "{", "}",
                                                                    ">",  "<",  "=",  ".",  ":",  "|",  ",", ";"};
    const auto found = std::ranges::find_if(kOperators, [&](std::string_view o) { return rest().starts_with(o); });
    if (found == kOperators.end()) {
      fail(at_, fmt::format("the character '{}' has no meaning here",
                            printable(rest().substr(0, first_code_point(rest()).length))));
    }
    const char c = found->front();
    if (c == '(' || c == '[' || c == '{') open.push_back(c == '(' ? ')' : static_cast<char>(c + 2));
    if (c == ')' || c == ']' || c == '}') {
      if (open.empty()) fail(at_, fmt::format("'{}' closes nothing", c));
      if (open.back() != c) fail(at_, fmt::format("expected '{}', found '{}'", open.back(), c));
      open.pop_back();
    }
    add(TokenKind::kOperator, at_, std::string(*found));
    at_ += found->size();
  }

  std::string_view source_;
  std::size_t at_ = 0;
  std::vector<Token> tokens_;
};

}  // namespace

std::string normalized_source(std::string_view source) {
  std::string text;
  text.reserve(source.size());
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\r') {
      text += '\n';
      if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
    } else {
      text += source[i];
    }
  }
  if (text.ends_with('\n')) text.pop_back();
  return is_valid_utf8(text) ? text : replace_invalid_utf8(text);
}

std::vector<Token> tokenize(std::string_view source) { return Lexer(source).run(); }

}  // namespace rocmforge::text::jinja
