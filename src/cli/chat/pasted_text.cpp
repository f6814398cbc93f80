#include "cli/chat/pasted_text.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "base/utf8.h"

namespace rocmforge::cli {
namespace {

constexpr std::string_view kEndMark = "\x1b[201~";

bool is_control(char32_t c) { return c < 0x20 || (c >= 0x7f && c < 0xa0); }

}  // namespace

bool PasteCollector::feed(std::string& bytes) {
  // The mark may begin in the bytes received before.
  const std::size_t searched = raw_.size() - std::min(raw_.size(), kEndMark.size() - 1);
  const std::size_t before = raw_.size();
  raw_ += bytes;
  const std::size_t mark = raw_.find(kEndMark, searched);
  if (mark == std::string::npos) {
    bytes.clear();
    return false;
  }
  bytes.erase(0, mark + kEndMark.size() - before);
  raw_.resize(mark);
  return true;
}

std::string PasteCollector::text() const { return clean_pasted_text(raw_); }

std::string clean_pasted_text(std::string_view raw) {
  const std::string valid = replace_invalid_utf8(raw);
  std::string text;
  text.reserve(valid.size());
  for (std::string_view rest = valid; !rest.empty();) {
    const CodePoint c = first_code_point(rest);
    const std::string_view bytes = rest.substr(0, c.length);
    rest.remove_prefix(c.length);
    if (c.value == '\r') {
      // \r\n is one line end, and a terminal sends \r for \n.
      if (!rest.starts_with('\n')) text += '\n';
    } else if (!is_control(c.value) || c.value == '\n' || c.value == '\t') {
      text += bytes;
    }
  }
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

std::string FoldedTexts::folded(std::string_view text, std::size_t most_lines, std::size_t most_bytes) {
  const std::size_t lines = 1 + static_cast<std::size_t>(std::ranges::count(text, '\n'));
  if (lines <= most_lines && text.size() <= most_bytes) return std::string(text);
  if (const auto known = names_.find(text); known != names_.end()) return known->second;
  const std::string size = lines > 1 ? fmt::format("{} lines", group_digits(lines)) : format_bytes(text.size());
  const std::string name = fmt::format("[pasted text {}: {}]", names_.size() + 1, size);
  texts_.emplace(name, text);
  names_.emplace(text, name);
  return name;
}

std::string FoldedTexts::unfolded(std::string_view line) const {
  std::string message;
  while (!line.empty()) {
    const std::size_t bracket = std::min(line.find('['), line.size());
    message += line.substr(0, bracket);
    line.remove_prefix(bracket);
    if (line.empty()) break;
    const std::size_t length = std::min(line.find(']'), line.size() - 1) + 1;
    const auto text = texts_.find(line.substr(0, length));
    const bool stands_for_text = text != texts_.end();
    message += stands_for_text ? std::string_view(text->second) : line.substr(0, 1);
    line.remove_prefix(stands_for_text ? length : 1);
  }
  return message;
}

}  // namespace rocmforge::cli
