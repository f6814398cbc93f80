// Text that was pasted: between the marks that a terminal sets around it, and made fit to be a message.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace rocmforge::cli {

// Collects what comes after the mark ESC[200~, until ESC[201~.
class PasteCollector {
 public:
  // Takes from the front of `bytes` what belongs to the paste. True: it has ended, and what is left of `bytes` is not
  // part of it.
  bool feed(std::string& bytes);

  // Well-formed, with \n for every kind of line end, no other control characters than tabs, and nothing empty at its
  // end.
  std::string text() const;

 private:
  std::string raw_;
};

// The text of a paste or of anything else that comes from outside, as PasteCollector::text() describes it.
std::string clean_pasted_text(std::string_view raw);

// Text too long to be edited in place is shown as "[pasted text 1: 42 lines]", and takes the place of that
// again in the message.
class FoldedTexts {
 public:
  // The text itself where it has no more lines and bytes than that.
  std::string folded(std::string_view text, std::size_t most_lines, std::size_t most_bytes);
  std::string unfolded(std::string_view line) const;

 private:
  std::map<std::string, std::string, std::less<>> texts_;  // by what stands for them
  std::map<std::string, std::string, std::less<>> names_;  // and the other way round
};

}  // namespace rocmforge::cli
