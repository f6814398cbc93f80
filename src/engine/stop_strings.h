// Ends a text where one of some strings comes up in it, wherever tokens begin and end: what could yet become one of
// them is held back.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rocmforge::engine {

class StopStrings {
 public:
  // Empty ones do not count.
  explicit StopStrings(std::vector<std::string> strings);

  // Appends to `out` what is certainly part of the text. True when a stop string is complete: what stands before it has
  // been given out then, and nothing more may be fed. Of several the one that is complete first counts, of those that
  // are so together the longest.
  bool feed(std::string_view text, std::string& out);
  // What was held back, where nothing more comes.
  void finish(std::string& out);

  // The one that came up; empty before.
  const std::string& found() const { return found_; }

 private:
  std::size_t begun_at() const;

  std::vector<std::string> strings_;
  std::string held_;
  std::string found_;
};

}  // namespace rocmforge::engine
