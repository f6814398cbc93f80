// A file that is being fetched: its data, and beside it a note that records which of its bytes are present.
//
// A byte is noted only after it is on the disk, so the note can be trusted whenever the process or the machine stops.
// The lock is held while the file is open. Not thread-safe.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "base/error.h"
#include "store/byte_ranges.h"
#include "store/file_lock.h"

namespace rocmforge::store {

// Identifies the content that is being fetched.
struct ContentIdentity {
  std::uint64_t size = 0;
  std::string sha256 = {};     // empty if unknown
  std::string validator = {};  // used if the sum is unknown; empty if there is none

  // Returns whether both identify the same content, so that bytes of one are bytes of the other.
  bool is_same_as(const ContentIdentity& other) const;
};

// Returns the bytes that are free for a user's files on the disk of that folder; nothing if this is unknown.
std::optional<std::uint64_t> free_bytes(const std::filesystem::path& folder);
Error lack_of_space(const std::string& what, std::uint64_t needed, std::uint64_t free);

class PartialFile {
 public:
  // Opens the file; blocks while another process fetches it.
  PartialFile(std::filesystem::path path, const FileLock::WhileWaiting& while_waiting);

  // Prepares for this content. Present bytes are kept if they are of the same content; otherwise, or if that is
  // unknown, the file starts over. Reserves disk space for the whole file. Throws Error, with both numbers, if there is
  // not enough.
  void expect(const ContentIdentity& content);
  void start_over();

  // Writes bytes, in any order. If it throws because the disk is full, the bytes that were present are kept.
  void write(std::uint64_t offset, std::span<const std::byte> bytes);
  const ByteRanges& there() const { return there_; }

  // Writes the note if the last one is old enough.
  void note_when_due();
  void note();

  int file() const { return lock_.file(); }
  // Returns the first bytes of the file, enough to recognise its format.
  std::string beginning() const;

  // Moves the complete file to its final name on the same disk, and leaves nothing behind.
  void move_to(const std::filesystem::path& target);
  void discard();
  // Writes the note for the next time, or removes the file if it is empty.
  void keep_if_worth();

  // For a partial file that may not exist: the disk space that it takes, and the number of its bytes that are noted as
  // present.
  static std::uint64_t allocated_bytes(const std::filesystem::path& path);
  static std::uint64_t noted_bytes(const std::filesystem::path& path);
  static void remove(const std::filesystem::path& path);

 private:
  using Clock = std::chrono::steady_clock;

  void read_note();
  void reserve() const;

  std::filesystem::path path_;
  FileLock lock_;
  ContentIdentity content_;
  ByteRanges there_;
  bool is_noted_ = true;
  Clock::time_point next_note_;
};

}  // namespace rocmforge::store
