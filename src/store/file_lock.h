// A lock between processes on a file. Only one process can hold it, and it is released when the process ends.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/file_descriptor.h"

namespace rocmforge::store {

class FileLock {
 public:
  // Called about ten times a second while waiting. It may throw to give up.
  using WhileWaiting = std::function<void()>;

  // Opens or creates the file for reading and writing, and locks it. The lock is on the file that has this name on
  // return: if the file is renamed or removed meanwhile, the lock is released and taken again.
  static FileLock wait_for(const std::string& path, const WhileWaiting& while_waiting = {});

  // Returns nothing if somebody else holds the lock.
  static std::optional<FileLock> try_for(const std::string& path);

  int file() const { return file_.get(); }

 private:
  explicit FileLock(FileDescriptor file) : file_(std::move(file)) {}

  FileDescriptor file_;
};

}  // namespace rocmforge::store
