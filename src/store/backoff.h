// How long to wait before something is tried again, and when to give up.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <random>

namespace rocmforge::store {

struct RetryPolicy {
  int attempts = 8;  // in a row without success
  std::chrono::milliseconds first{500};
  std::chrono::milliseconds longest{30'000};
  std::chrono::seconds longest_asked{300};  // a server that wants more is not waited for
};

// Each wait is twice the one before, give or take a quarter, so that many who failed together do not come back
// together.
class Backoff {
 public:
  explicit Backoff(RetryPolicy policy, std::uint32_t seed = std::random_device{}());

  // The wait before the next attempt: at least what the server asked for. None: it is time to give up.
  std::optional<std::chrono::milliseconds> next(std::optional<std::chrono::seconds> asked = {});

  // Something went well.
  void reset() { failures_ = 0; }

 private:
  RetryPolicy policy_;
  std::minstd_rand random_;
  int failures_ = 0;
};

}  // namespace rocmforge::store
