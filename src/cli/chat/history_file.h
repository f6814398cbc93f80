// Keeps the lines typed in earlier conversations in a file that only its owner can read.
//
// An entry is a line: "\n" in it stands for a line feed and "\\" for a backslash. Several programs may append at once.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace rocmforge::cli {

// Returns $XDG_STATE_HOME/rocmforge/history, or the path below ~/.local/state; empty without a home directory.
std::string default_history_path();

class HistoryFile {
 public:
  static constexpr std::size_t kMostEntries = 1000;
  static constexpr std::size_t kLongestEntry = 64 << 10;  // longer ones are not kept

  // With an empty path nothing is stored.
  explicit HistoryFile(std::string path) : path_(std::move(path)) {}

  // Returns the last kMostEntries, the oldest first. Returns none if there is no readable file.
  std::vector<std::string> load() const;

  // Appends an entry. Returns false if it could not be written.
  bool add(std::string_view entry) const;

 private:
  bool append(std::string_view line) const;
  void drop_the_oldest() const;

  std::string path_;
};

}  // namespace rocmforge::cli
