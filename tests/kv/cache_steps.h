// What the tests of the cache do with it: texts of numbers that are computed and looked up again.
#pragma once

#include <cstddef>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include "kv/cache.h"

namespace rocmforge::kv {

using Tokens = std::vector<TokenId>;

// `count` tokens from `first` on.
inline Tokens text(int count, TokenId first = 0) {
  Tokens tokens(static_cast<std::size_t>(count));
  std::iota(tokens.begin(), tokens.end(), first);
  return tokens;
}

inline void compute(Cache& cache, SequenceId id, const Tokens& tokens) {
  ASSERT_TRUE(cache.reserve(id, static_cast<int>(tokens.size())));
  cache.append(id, tokens);
}

// Returns how many tokens of the prompt the cache has. Takes nothing.
inline int found(Cache& cache, const Tokens& prompt) {
  const SequenceId id = cache.add().value();
  const int tokens = cache.reuse_prefix(id, prompt).tokens;
  cache.remove(id);
  return tokens;
}

}  // namespace rocmforge::kv
