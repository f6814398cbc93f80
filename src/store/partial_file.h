// A file that is being fetched: its data, and beside it a note of which of its bytes are there.
//
// A byte is noted after it is on the disk, never before, so that the note can be trusted whenever the process or the
// machine stopped. Whoever has the file open holds its lock; one thread at a time.
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

// Which content is being fetched.
struct ContentIdentity {
  std::uint64_t size = 0;
  std::string sha256 = {};     // empty: unknown
  std::string validator = {};  // counts where the sum is unknown; empty: there is none

  // Whether bytes of the one are bytes of the other.
  bool is_same_as(const ContentIdentity& other) const;
};

// What is free for a user's files on the disk of that folder; none where nobody can tell.
std::optional<std::uint64_t> free_bytes(const std::filesystem::path& folder);
Error lack_of_space(const std::string& what, std::uint64_t needed, std::uint64_t free);

class PartialFile {
 public:
  // Waits for whoever else fetches it.
  PartialFile(std::filesystem::path path, const FileLock::WhileWaiting& while_waiting);

  // What is there stays if it is of this content; otherwise, and where nobody can know, it is begun anew. Reserves the
  // space for all of it; an Error with both numbers where there is not enough.
  void expect(const ContentIdentity& content);
  void start_over();

  // Any order. An Error for a full disk leaves what was there.
  void write(std::uint64_t offset, std::span<const std::byte> bytes);
  const ByteRanges& there() const { return there_; }

  // Notes what is there, if it has been a while.
  void note_when_due();
  void note();

  int file() const { return lock_.file(); }
  // Some of its first bytes, enough to tell what it is.
  std::string beginning() const;

  // The file, complete, under its final name on the same disk; nothing of it is left here.
  void move_to(const std::filesystem::path& target);
  void discard();
  // Notes what is there for the next time; where nothing is, nothing stays.
  void keep_if_worth();

  // Of a partial file that need not be there: what it takes on the disk, and how much of it is known to be there.
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
