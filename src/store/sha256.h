// SHA-256 sums: of bytes at hand, and of a file while it is still growing.
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
  // 64 lower-case hexadecimal digits; nothing may follow.
  std::string finish();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

std::string sha256_of(std::string_view text);

// The same sum in lower case; empty where the text is none.
std::string normal_sha256(std::string_view text);

// Whether it is 64 hexadecimal digits, and those in lower case.
bool is_sha256(std::string_view text);

// Sums a file from its beginning up to where it is known to be complete, in a thread of its own: what a download writes
// is read again from memory, and the sum is there soon after the last byte.
class FollowingSum {
 public:
  // The file stays open for as long as this lives.
  explicit FollowingSum(int file);
  FollowingSum(const FollowingSum&) = delete;
  FollowingSum& operator=(const FollowingSum&) = delete;
  ~FollowingSum();

  // The bytes before `end` are there. It never goes back.
  void advance(std::uint64_t end);
  std::uint64_t summed() const { return summed_; }
  bool has_failed() const { return has_failed_; }

  // The sum of the file's `size` bytes, to all of which it has been advanced. An Error if they could not be read.
  std::string finish(std::uint64_t size);

 private:
  void follow();
  bool sum_up_to(std::uint64_t end);

  int file_;
  Sha256 sum_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t known_ = 0;  // held by mutex_, as are the next two
  bool stopping_ = false;
  int problem_ = 0;  // errno of a read that failed
  std::atomic<std::uint64_t> summed_ = 0;
  std::atomic<bool> has_failed_ = false;
  std::thread thread_;
};

}  // namespace rocmforge::store
