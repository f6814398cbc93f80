#include "store/backoff.h"

#include <algorithm>

namespace rocmforge::store {

Backoff::Backoff(RetryPolicy policy, std::uint32_t seed) : policy_(policy), random_(seed) {}

std::optional<std::chrono::milliseconds> Backoff::next(std::optional<std::chrono::seconds> asked) {
  using std::chrono::milliseconds;
  if (++failures_ >= policy_.attempts || (asked && *asked > policy_.longest_asked)) return std::nullopt;
  const milliseconds doubled = policy_.first * (std::int64_t{1} << std::min(failures_ - 1, 20));
  const milliseconds usual = std::min(doubled, policy_.longest);
  const double share = std::uniform_real_distribution(0.75, 1.25)(random_);
  const milliseconds wait(static_cast<std::int64_t>(static_cast<double>(usual.count()) * share));
  return asked ? std::max(wait, milliseconds(*asked)) : wait;
}

}  // namespace rocmforge::store
