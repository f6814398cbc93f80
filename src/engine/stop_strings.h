// Finds the first stop string in a text that arrives in pieces. Text that may be the beginning of a stop string is held
// back until that is decided.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rocmforge::engine {

class StopStrings {
 public:
  // Ignores empty strings.
  explicit StopStrings(std::vector<std::string> strings);

  // Appends to `out` the text that is certain not to belong to a stop string. Returns true when a stop string is
  // complete; the text before it has then been appended, and feed() must not be called again. If several stop strings
  // end at the same place, the longest counts; otherwise the one that ends first.
  bool feed(std::string_view text, std::string& out);
  // Appends the text that was held back. Requires: no more text follows.
  void finish(std::string& out);

  // Returns the stop string that was found, or an empty string.
  const std::string& found() const { return found_; }

 private:
  std::size_t begun_at() const;

  std::vector<std::string> strings_;
  std::string held_;
  std::string found_;
};

}  // namespace rocmforge::engine
