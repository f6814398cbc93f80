// Counts the allocations of the cache: there must be none after the constructor.
#include <vector>

#include <gtest/gtest.h>

#include "kv/cache.h"
#include "support/allocation_count.h"

namespace rocmforge::kv {
namespace {

void generate(Cache& cache, SequenceId id, int tokens) {
  for (TokenId token = 0; token < tokens; ++token) {
    ASSERT_TRUE(cache.reserve(id, 1));
    cache.append(id, std::span(&token, 1));
    cache.snapshot(id);
  }
}

// An allocation in the step can fail, lock, or take a millisecond just when a user waits for a token.
TEST(CacheAllocation, NoneAfterTheConstructor) {
  const long before_constructor = testing::allocations;
  Cache cache({.block_tokens = 4,
               .max_tokens = 128,
               .max_sequences = 3,
               .groups = {{.window = 0, .blocks = 70}, {.window = 9, .blocks = 14}},
               .state_slots = 5});
  ASSERT_GT(testing::allocations, before_constructor);
  const std::vector<TokenId> prompt(100, 7);

  const long before = testing::allocations;
  for (int round = 0; round < 3; ++round) {
    const SequenceId a = cache.add().value();
    const SequenceId b = cache.add().value();
    const int found = cache.reuse_prefix(a, prompt).tokens;
    for (int done = found; done < 100; done += 4) {
      ASSERT_TRUE(cache.reserve(a, 4));
      cache.append(a, std::span(prompt).subspan(static_cast<std::size_t>(done), 4));
    }
    generate(cache, a, 2);
    const SequenceId c = cache.fork(a).value().id;
    for (const SequenceId id : {a, b, c}) generate(cache, id, 26);
    ASSERT_TRUE(cache.truncate(b, cache.length(b)));
    for (const SequenceId id : {a, b, c}) cache.remove(id);
  }
  EXPECT_EQ(testing::allocations - before, 0);
}

}  // namespace
}  // namespace rocmforge::kv
