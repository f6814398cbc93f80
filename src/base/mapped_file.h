// A regular file mapped for reading.
//
// The bytes are the file's own pages: nothing is copied, and the system may drop them under memory pressure. A file
// that shrinks while it is mapped (because it is overwritten in place) does not kill the process: the lost part reads
// as zeros, and check_intact() reports it. Reading is safe from any thread.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>

#include "base/file_descriptor.h"

namespace rocmforge {

enum class Access { kSequential, kRandom, kWillNeed };

// Identifies a file: two paths with equal ids are the same file.
struct FileId {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  friend auto operator<=>(const FileId&, const FileId&) = default;
};

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
  FileId file_id() const { return id_; }

  // Advises the system how the bytes from `offset` on will be read.
  void advise(Access access, std::size_t offset = 0, std::size_t length = kToTheEnd) const noexcept;

  // Releases the memory of the whole pages inside the range. They are read from the file again when they are next used.
  void release(std::size_t offset, std::size_t length) const noexcept;

  // Throws Error if the file has lost bytes since it was mapped. Call it after reading and before trusting what was
  // read.
  void check_intact() const;

 private:
  static constexpr std::size_t kToTheEnd = std::numeric_limits<std::size_t>::max();

  void map();

  std::string path_;
  FileDescriptor file_;
  FileId id_;
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  int guard_ = -1;  // the number of the range in bus_error_guard.h
};

}  // namespace rocmforge
