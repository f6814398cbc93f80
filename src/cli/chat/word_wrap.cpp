#include "cli/chat/word_wrap.h"

#include <utility>

#include "cli/chat/grapheme_cells.h"

namespace rocmforge::cli {
namespace {

constexpr int kTabColumns = 8;

bool is_space(std::string_view character) { return character == " " || character == "\t"; }

// Returns the column after the text if it begins in `column` and is not broken.
int column_behind(std::string_view text, int column) {
  while (!text.empty()) {
    const std::size_t length = first_character(text);
    const std::string_view character = text.substr(0, length);
    column += character == "\t" ? kTabColumns - column % kTabColumns : columns_of(character);
    text.remove_prefix(length);
  }
  return column;
}

}  // namespace

std::string WordWrap::feed(std::string_view text, int width) {
  width_ = width;
  if (width_ > 0 && column_ > width_) column_ %= width_;  // the terminal became narrower and has broken the line itself
  std::string out;
  // A combining mark in this piece may belong to the last character of the piece before.
  const std::string all = word_ + std::string(text);
  word_.clear();
  ends_in_wide_ = false;
  for (std::string_view rest = all; !rest.empty();) {
    const std::size_t length = first_character(rest);
    const std::string_view character = rest.substr(0, length);
    rest.remove_prefix(length);
    if (character == "\n") {
      end_word(out);
      out += spaces_ + "\n";
      spaces_.clear();
      column_ = 0;
    } else if (is_space(character)) {
      end_word(out);
      spaces_ += character;
    } else {
      const bool is_wide = columns_of(character) > 1;
      if (is_wide || ends_in_wide_) end_word(out);
      word_ += character;
      ends_in_wide_ = is_wide;
    }
  }
  // Do not hold back a word that fits into no line, nor any word if lines are not broken.
  if (width_ <= 0 || column_behind(word_, 0) > width_) {
    end_word(out);
    is_within_word_ = true;
  }
  return out;
}

std::string WordWrap::finish() {
  std::string out;
  end_word(out);
  out += spaces_;
  spaces_.clear();
  column_ = 0;
  return out;
}

void WordWrap::end_word(std::string& out) {
  ends_in_wide_ = false;
  const bool was_within_word = std::exchange(is_within_word_, false);
  if (word_.empty()) return;
  const int begin = column_behind(spaces_, column_);
  const int word_columns = column_behind(word_, 0);
  const bool fits = width_ <= 0 || begin + word_columns <= width_;
  if (!fits && word_columns <= width_ && !was_within_word) {
    if (column_ > 0) out += '\n';
    column_ = 0;
  } else {
    put(spaces_, out);
  }
  spaces_.clear();
  put(word_, out);
  word_.clear();
}

// Counts as the terminal breaks lines: a character that does not fit into the line begins the next.
void WordWrap::put(std::string_view text, std::string& out) {
  out += text;
  while (!text.empty()) {
    const std::size_t length = first_character(text);
    const int next = column_behind(text.substr(0, length), column_);
    column_ = width_ > 0 && next > width_ ? next - column_ : next;
    text.remove_prefix(length);
  }
}

}  // namespace rocmforge::cli
