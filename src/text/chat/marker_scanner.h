// Finds markers in text that comes byte by byte, holding back only what may be the beginning of one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rocmforge::text {

class MarkerScanner {
 public:
  static constexpr int kNone = -1;

  // None of the markers begins another. They are views of what outlives the scanner.
  explicit MarkerScanner(std::vector<std::string_view> markers);

  // Takes one byte. Appends to `text` what is certainly not part of a marker; the number of the marker that is now
  // complete, or kNone. `enabled(number)` says whether a marker counts here; it must not change while one is begun.
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

  // What is held back, when nothing more comes.
  std::string take_held();

 private:
  std::vector<std::string_view> markers_;
  std::string first_bytes_;
  std::string held_;
};

}  // namespace rocmforge::text
