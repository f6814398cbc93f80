// Computes how long to wait before a retry, and when to give up.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <random>

namespace rocmforge::store {

struct RetryPolicy {
  int attempts = 8;  // consecutive attempts without success
  std::chrono::milliseconds first{500};
  std::chrono::milliseconds longest{30'000};
  std::chrono::seconds longest_asked{300};  // if a server asks for a longer wait, give up
};

// Each wait is twice the previous one, varied by up to a quarter so that many clients that failed together do not retry
// together.
class Backoff {
 public:
  explicit Backoff(RetryPolicy policy, std::uint32_t seed = std::random_device{}());

  // Returns the wait before the next attempt, at least what the server asked for; nothing if it is time to give up.
  std::optional<std::chrono::milliseconds> next(std::optional<std::chrono::seconds> asked = {});

  // Called after a success.
  void reset() { failures_ = 0; }

 private:
  RetryPolicy policy_;
  std::minstd_rand random_;
  int failures_ = 0;
};

}  // namespace rocmforge::store
