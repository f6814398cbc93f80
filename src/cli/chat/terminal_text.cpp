#include "cli/chat/terminal_text.h"

#include "base/text.h"
#include "base/utf8.h"

namespace rocmforge::cli {
namespace {

bool is_obeyed(char32_t c) { return (c < 0x20 && c != '\n' && c != '\t') || (c >= 0x7f && c < 0xa0); }

}  // namespace

std::string TerminalText::feed(std::string_view text) {
  unfinished_ += text;
  std::string whole;
  take_utf8(unfinished_, whole);
  std::string shown;
  for (std::string_view rest = whole; !rest.empty();) {
    const CodePoint c = first_code_point(rest);
    const std::string_view bytes = rest.substr(0, c.length);
    rest.remove_prefix(c.length);
    if (c.value == '\n' || c.value == '\r') {
      if (c.value == '\n' && held_back_.ends_with('\r')) held_back_.pop_back();
      held_back_ += bytes;
      continue;
    }
    // Drop empty lines before the first word.
    if (has_begun_) {
      for (const char held : std::string_view(held_back_)) shown += held == '\n' ? "\n" : printable({&held, 1});
    }
    held_back_.clear();
    has_begun_ = true;
    shown += is_obeyed(c.value) ? printable(bytes) : std::string(bytes);
  }
  return shown;
}

}  // namespace rocmforge::cli
