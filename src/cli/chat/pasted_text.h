// Collects pasted text between the marks of the terminal, and converts it to text for a message.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace rocmforge::cli {

// Collects the text after the mark ESC[200~ until ESC[201~.
class PasteCollector {
 public:
  // Removes the pasted part from the front of `bytes`. Returns true if the paste has ended; the remaining `bytes` are
  // then not part of it.
  bool feed(std::string& bytes);

  // Returns the text: well-formed UTF-8, with \n for every kind of line end, no other control characters than tabs, and
  // no empty lines at its end.
  std::string text() const;

 private:
  std::string raw_;
};

// Converts text from outside, such as a paste, to the form that PasteCollector::text() describes.
std::string clean_pasted_text(std::string_view raw);

// Replaces texts that are too long to edit by "[pasted text 1: 42 lines]", and restores them in the message.
class FoldedTexts {
 public:
  // Returns the text itself if it has no more lines and bytes than allowed, and its replacement otherwise.
  std::string folded(std::string_view text, std::size_t most_lines, std::size_t most_bytes);
  std::string unfolded(std::string_view line) const;

 private:
  std::map<std::string, std::string, std::less<>> texts_;  // texts by their replacements
  std::map<std::string, std::string, std::less<>> names_;  // replacements by their texts
};

}  // namespace rocmforge::cli
