// An output file that appears under its name when it is complete, or not at all.
//
// Until commit() the data has no name (O_TMPFILE), so that even a killed process leaves nothing behind; where the file
// system cannot do that, it has a temporary name beside the target. What stood under the name before stays until then.
// A path that is no regular file (/dev/null, a pipe, /dev/stdout) is written to directly and never replaced; of a
// symbolic link the file that it points to is replaced.
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
  ~AtomicFile();  // without commit(): nothing has happened

  const std::string& path() const { return path_; }

  // Appends. One thread at a time.
  void write(std::span<const std::byte> data);

  // Writes at a place of its own. Any number of threads at once. A pipe takes only what comes in order.
  void write_at(std::uint64_t offset, std::span<const std::byte> data);

  // Reserves the space for a file of `size` bytes and makes it that long; what is never written reads as zeros. An
  // Error that states both numbers when the disk has less left.
  void preallocate(std::uint64_t size);

  // Makes the file that long and reserves nothing: what is never written reads as zeros and takes no space.
  void resize(std::uint64_t size);

  // Puts the file under its name, its data on the disk. Nothing may be written after.
  void commit();

 private:
  enum class Place { kNameless, kBeside, kDirect };

  void open_directly(FileDescriptor file);
  void open_replacement(const std::filesystem::path& target, mode_t existing_mode);
  FileDescriptor create_beside();
  void copy_beside();
  bool link_nameless(const std::string& name) const;
  void give_name();
  void write_in_order(std::uint64_t offset, std::span<const std::byte> data);

  std::string path_;    // as given, for messages
  std::string target_;  // the name in folder_ that commit() gives
  std::string beside_;  // the temporary name in folder_, if there is one
  FileDescriptor folder_;
  FileDescriptor file_;
  Place place_ = Place::kNameless;
  bool seekable_ = true;
  bool committed_ = false;
  std::uint64_t position_ = 0;  // where write() goes on
  std::mutex in_order_;         // held while a pipe is written to
};

}  // namespace rocmforge
