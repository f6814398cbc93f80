// Finds markers in text that arrives byte by byte. It holds back only text that may be the beginning of a marker.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rocmforge::text {

class MarkerScanner {
 public:
  static constexpr int kNone = -1;

  // Requires: no marker is a prefix of another, and the texts outlive the scanner.
  explicit MarkerScanner(std::vector<std::string_view> markers);

  // Consumes one byte and appends to `text` what is certainly not part of a marker. Returns the number of the marker
  // that is now complete, or kNone. `enabled(number)` returns whether a marker counts; its result must not change while
  // that marker is partly read.
  template <typename Enabled>
  int step(char byte, std::string& text, Enabled enabled) {
    if (held_.empty() && first_bytes_.find(byte) == std::string::npos) {
      text += byte;
      return kNone;
    }
    held_ += byte;
    while (!held_.empty()) {
      for (std::size_t i = 0; i < markers_.size(); ++i) {
        if (!markers_[i].starts_with(held_) || !enabled(static_cast<int>(i))) continue;
        if (held_.size() < markers_[i].size()) return kNone;
        held_.clear();
        return static_cast<int>(i);
      }
      text += held_.front();
      held_.erase(0, 1);
    }
    return kNone;
  }
  int step(char byte, std::string& text) {
    return step(byte, text, [](int) { return true; });
  }

  // Returns the text that is held back. Called at the end of the input.
  std::string take_held();

 private:
  std::vector<std::string_view> markers_;
  std::string first_bytes_;
  std::string held_;
};

}  // namespace rocmforge::text
