// Computes SHA-256 hashes of bytes in memory, and of a file that is still growing.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <thread>

namespace rocmforge::store {

class Sha256 {
 public:
  Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  ~Sha256();

  void update(std::span<const std::byte> bytes);
  // Returns 64 lower-case hexadecimal digits. No other call may follow.
  std::string finish();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

std::string sha256_of(std::string_view text);

// Returns the hash in lower case, or an empty string if the text is not a SHA-256.
std::string normal_sha256(std::string_view text);

// Returns whether the text is 64 lower-case hexadecimal digits.
bool is_sha256(std::string_view text);

// Hashes a file, in its own thread, from the beginning up to where it is known to be complete. The data of a download
// is thus read while it is still in the page cache, and the hash is ready soon after the last byte.
class FollowingSum {
 public:
  // Requires: the file stays open while this object exists.
  explicit FollowingSum(int file);
  FollowingSum(const FollowingSum&) = delete;
  FollowingSum& operator=(const FollowingSum&) = delete;
  ~FollowingSum();

  // Reports that all bytes before `end` are present. `end` never decreases.
  void advance(std::uint64_t end);
  std::uint64_t summed() const { return summed_; }
  bool has_failed() const { return has_failed_; }

  // Returns the hash of the file's `size` bytes. Requires: advance(size) was called. Throws Error if they could not be
  // read.
  std::string finish(std::uint64_t size);

 private:
  void follow();
  bool sum_up_to(std::uint64_t end);

  int file_;
  Sha256 sum_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t known_ = 0;  // guarded by mutex_, as are the next two
  bool stopping_ = false;
  int problem_ = 0;  // errno of a failed read
  std::atomic<std::uint64_t> summed_ = 0;
  std::atomic<bool> has_failed_ = false;
  std::thread thread_;
};

}  // namespace rocmforge::store
