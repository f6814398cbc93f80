#include "cli/chat/line_view.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "cli/chat/grapheme_cells.h"

namespace rocmforge::cli {
namespace {

constexpr int kTab = 8;

std::string moved(std::size_t count, char direction) {
  return count == 0 ? "" : fmt::format("\x1b[{}{}", count, direction);
}

}  // namespace

void LineView::begin(std::string_view mark) {
  mark_ = mark;
  text_.clear();
  cursor_ = 0;
  top_ = 0;
}

// Lays out the text as the terminal wraps it: a character that does not fit into the row begins the next.
LineView::Layout LineView::layout(std::string_view text, std::size_t cursor, int columns) const {
  Layout layout;
  const auto begin_line = [&](std::string_view mark) {
    layout.rows.push_back({fmt::format("{}{}{} ", style_.bold, mark, style_.reset), static_cast<int>(mark.size()) + 1});
  };
  const auto place_cursor = [&] {
    // The row is full, so the cursor belongs in the next row, like the next character.
    if (layout.rows.back().columns >= columns) {
      layout.rows.back().continues_in_next = true;
      layout.rows.emplace_back();
    }
    layout.cursor_row = layout.rows.size() - 1;
    layout.cursor_column = layout.rows.back().columns;
  };
  begin_line(mark_);
  for (std::size_t at = 0; at < text.size();) {
    if (at == cursor) place_cursor();
    const std::size_t length = first_character(text.substr(at));
    const std::string_view character = text.substr(at, length);
    at += length;
    if (character == "\n") {
      begin_line(".");
      continue;
    }
    const int tab = std::min(kTab - layout.rows.back().columns % kTab, columns);
    const std::string shown =
        character == "\t" ? std::string(static_cast<std::size_t>(tab), ' ') : printable(character);
    const int width = shown == character ? columns_of(character) : static_cast<int>(shown.size());
    if (layout.rows.back().columns + width > columns) {
      layout.rows.back().continues_in_next = true;
      layout.rows.emplace_back();
    }
    layout.rows.back().text += shown;
    layout.rows.back().columns += width;
  }
  if (cursor >= text.size()) place_cursor();
  return layout;
}

// Finds where the cursor is now, because the terminal may have wrapped the rows again since they were drawn.
void LineView::move_to_top(std::string& out, int columns) const {
  const Layout drawn = layout(text_, cursor_, columns);
  const std::size_t top = columns == columns_ ? top_ : 0;
  out += "\r" + moved(drawn.cursor_row - std::min(top, drawn.cursor_row), 'A') + "\x1b[J";
}

void LineView::draw(std::string_view text, std::size_t cursor, ScreenSize size) {
  std::string out;
  move_to_top(out, size.columns);
  const Layout layout = this->layout(text, cursor, size.columns);
  const auto height = static_cast<std::size_t>(std::max(size.rows - 1, 1));
  const std::size_t lowest_top = layout.cursor_row + 1 - std::min(height, layout.cursor_row + 1);
  const std::size_t highest_top =
      std::min(layout.cursor_row, layout.rows.size() - std::min(height, layout.rows.size()));
  top_ = std::clamp(top_, lowest_top, std::max(lowest_top, highest_top));
  const std::size_t end = std::min(top_ + height, layout.rows.size());
  for (std::size_t row = top_; row < end; ++row) {
    const bool follows = row > top_;
    const bool is_wrapped = follows && layout.rows[row - 1].continues_in_next;
    if (follows && !is_wrapped) out += "\r\n";
    // The terminal wraps only when the next character arrives.
    out += is_wrapped && layout.rows[row].columns == 0 ? " \r" : layout.rows[row].text;
  }
  out += "\r" + moved(end - 1 - layout.cursor_row, 'A') + moved(static_cast<std::size_t>(layout.cursor_column), 'C');
  std::fwrite(out.data(), 1, out.size(), screen_);
  std::fflush(screen_);
  text_ = text;
  cursor_ = cursor;
  columns_ = size.columns;
}

void LineView::end() {
  const std::size_t rows = layout(text_, cursor_, columns_).rows.size();
  const std::size_t row = layout(text_, cursor_, columns_).cursor_row;
  fmt::print(screen_, "{}\r\n", moved(rows - 1 - row, 'B'));
  std::fflush(screen_);
}

void LineView::clear() {
  std::fputs("\x1b[H\x1b[2J", screen_);
  begin(std::string(mark_));
}

}  // namespace rocmforge::cli
