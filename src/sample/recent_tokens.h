// The last tokens of a history, contiguous in memory. Allocates in the constructor only; memory is touched only when it
// is needed.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>

#include "sample/settings.h"

namespace rocmforge::sample {

// No stage looks further back. This bounds its memory and time.
inline constexpr int kLongestWindow = 1 << 20;

// Returns the window for a setting; -1 means all tokens.
inline int bounded_window(int last_n) { return last_n < 0 ? kLongestWindow : std::min(last_n, kLongestWindow); }

class RecentTokens {
 public:
  explicit RecentTokens(int window)
      : window_(static_cast<std::size_t>(window)), tokens_(std::make_unique_for_overwrite<TokenId[]>(2 * window_)) {}

  void append(TokenId token) {
    if (window_ == 0) return;
    if (end_ == 2 * window_) {  // amortized: each move of `window_` tokens happens once per `window_` tokens
      std::copy(tokens_.get() + window_, tokens_.get() + end_, tokens_.get());
      end_ = window_;
    }
    tokens_[end_++] = token;
  }

  // Returns the tokens, oldest first.
  std::span<const TokenId> tokens() const {
    const std::size_t count = std::min(end_, window_);
    return {tokens_.get() + end_ - count, count};
  }
  bool full() const { return end_ >= window_; }

 private:
  std::size_t window_;
  std::unique_ptr<TokenId[]> tokens_;  // the window is the last elements before end_
  std::size_t end_ = 0;
};

}  // namespace rocmforge::sample
