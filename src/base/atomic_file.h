// An output file that appears under its name when it is complete, or not at all.
//
// Until commit() the data has no name (O_TMPFILE), so that even a killed process leaves nothing behind. If the file
// system does not support that, the data has a temporary name next to the target. Until commit() the name refers to the
// old file, if any. A path that is no regular file (/dev/null, a pipe, /dev/stdout) is written to directly and never
// replaced. For a symbolic link, the file that it points to is replaced.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <span>
#include <string>

#include <sys/types.h>

#include "base/file_descriptor.h"

namespace rocmforge {

class AtomicFile {
 public:
  explicit AtomicFile(std::string path);
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile();  // without commit(), discards the data

  const std::string& path() const { return path_; }

  // Appends. Requires: only one thread at a time.
  void write(std::span<const std::byte> data);

  // Writes at `offset`. Any number of threads may write different ranges at the same time. A pipe accepts writes in
  // order only.
  void write_at(std::uint64_t offset, std::span<const std::byte> data);

  // Reserves disk space for a file of `size` bytes and makes it that long. Bytes that are never written read as zeros.
  // Throws Error, with both sizes, if the disk has less space left.
  void preallocate(std::uint64_t size);

  // Makes the file `size` bytes long without reserving space. Bytes that are never written read as zeros and take no
  // space.
  void resize(std::uint64_t size);

  // Flushes the data to the disk and gives the file its name. Nothing may be written afterwards.
  void commit();

 private:
  // Until commit() the file has no name, has a temporary name beside the target, or is written directly.
  enum class Naming { kNameless, kBeside, kDirect };

  void open_directly(FileDescriptor file);
  void open_replacement(const std::filesystem::path& target, mode_t existing_mode);
  FileDescriptor create_beside();
  void copy_beside();
  bool link_nameless(const std::string& name) const;
  void give_name();
  void write_in_order(std::uint64_t offset, std::span<const std::byte> data);

  std::string path_;    // as given by the caller, for messages
  std::string target_;  // the name in folder_ that commit() gives
  std::string beside_;  // the temporary name in folder_, if there is one
  FileDescriptor folder_;
  FileDescriptor file_;
  Naming naming_ = Naming::kNameless;
  bool seekable_ = true;
  bool committed_ = false;
  std::uint64_t position_ = 0;  // where the next write() begins
  std::mutex in_order_;         // held while writing to a pipe
};

}  // namespace rocmforge
