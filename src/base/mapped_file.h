// A regular file mapped for reading.
//
// The bytes are the file's own pages: nothing is copied, and the system may drop them under memory pressure. A file
// that shrinks while it is mapped (because it is overwritten in place) does not kill the process: the lost part reads
// as zeros, and check_intact() reports it. Reading is safe from any thread.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "base/file_descriptor.h"

namespace rocmforge {

class MappedFile {
 public:
  // Throws Error if the file is missing, not readable or not a regular file. Never blocks on a pipe. An empty file has
  // no bytes.
  explicit MappedFile(std::string path);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  std::size_t size() const { return size_; }
  const std::string& path() const { return path_; }

  // Advises the system that the bytes from `offset` on will be read soon.
  void will_need(std::size_t offset, std::size_t length) const noexcept;
  // Releases the memory of the whole pages inside the range. They are read from the file again when they are next used.
  void release(std::size_t offset, std::size_t length) const noexcept;

  // Throws Error if the file has lost bytes since it was mapped. Call it after reading and before trusting what was
  // read.
  void check_intact() const;

 private:
  void map();

  std::string path_;
  FileDescriptor file_;
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  int guard_ = -1;  // the number of the range in bus_error_guard.h
};

}  // namespace rocmforge
