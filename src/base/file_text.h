// The whole text of a file that a user names: a regular file's own pages, or what a pipe or a device gives.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/mapped_file.h"

namespace rocmforge {

class FileText {
 public:
  // Throws Error if the file cannot be read, or if something other than a regular file gives more than `most` bytes.
  // Blocks until a pipe is closed by its writer.
  explicit FileText(const std::string& path, std::size_t most = std::size_t{1} << 30);

  // Valid as long as the FileText.
  std::string_view text() const;

  // Throws Error if the file has lost bytes since it was opened. Must be called after the text was read and before what
  // was read is trusted.
  void check_intact() const;

 private:
  std::optional<MappedFile> mapping_;  // of a regular file
  std::string text_;                   // of anything else
};

}  // namespace rocmforge
