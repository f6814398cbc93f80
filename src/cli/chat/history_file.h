// What was typed in earlier conversations, in a file that only its owner can read.
//
// An entry is a line: "\n" in it stands for a line feed and "\\" for a backslash. Several programs may append at once.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace rocmforge::cli {

// $XDG_STATE_HOME/rocmforge/history, or below ~/.local/state; empty where there is no home either.
std::string default_history_path();

class HistoryFile {
 public:
  static constexpr std::size_t kMostEntries = 1000;
  static constexpr std::size_t kLongestEntry = 64 << 10;  // longer ones are not kept

  // An empty path: a history that remembers nothing.
  explicit HistoryFile(std::string path) : path_(std::move(path)) {}

  // The last kMostEntries, the oldest first; none where there is no file, or none that can be read.
  std::vector<std::string> load() const;

  // Appends. False if it could not be written.
  bool add(std::string_view entry) const;

 private:
  bool append(std::string_view line) const;
  void drop_the_oldest() const;

  std::string path_;
};

}  // namespace rocmforge::cli
