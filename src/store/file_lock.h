// A lock between processes: whoever holds a file locked is the only one, and a process that ends lets go.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/file_descriptor.h"

namespace rocmforge::store {

class FileLock {
 public:
  // Asked while it waits, some ten times a second; may throw to give up.
  using WhileWaiting = std::function<void()>;

  // Opens or creates the file, for reading and writing, and locks it. The lock is on the file that has the name when
  // this returns: one that was renamed or removed meanwhile is let go and looked for again.
  static FileLock wait_for(const std::string& path, const WhileWaiting& while_waiting = {});

  // None when somebody else holds it.
  static std::optional<FileLock> try_for(const std::string& path);

  int file() const { return file_.get(); }

 private:
  explicit FileLock(FileDescriptor file) : file_(std::move(file)) {}

  FileDescriptor file_;
};

}  // namespace rocmforge::store
