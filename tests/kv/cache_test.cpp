// Tests the cache of keys and values: reuse of prefixes, eviction, windows, forks and truncation.
#include "kv/cache_steps.h"

#include <algorithm>
#include <optional>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rocmforge::kv {
namespace {

using ::testing::ElementsAre;

CacheCapacity capacity_of(std::vector<Group> groups, int block_tokens = 4) {
  return {.block_tokens = block_tokens, .max_tokens = 64, .max_sequences = 8, .groups = std::move(groups)};
}

SequenceId run(Cache& cache, const Tokens& tokens) {
  const SequenceId id = cache.add().value();
  compute(cache, id, tokens);
  return id;
}

void run_and_remove(Cache& cache, const Tokens& tokens) { cache.remove(run(cache, tokens)); }

Tokens table(const Cache& cache, SequenceId id, int group = 0) {
  const auto blocks = cache.table(id, group);
  return {blocks.begin(), blocks.end()};
}

void expect_usage(const Usage& usage, int free, int cached, int owned) {
  EXPECT_EQ(usage.free, free);
  EXPECT_EQ(usage.cached, cached);
  EXPECT_EQ(usage.owned, owned);
}

// The next turn of a chat must not pay for the whole conversation again.
TEST(Cache, FindsWhatARemovedSequenceComputed) {
  Cache cache(capacity_of({{.blocks = 8}}));
  const SequenceId first = run(cache, text(10));
  const Tokens blocks = table(cache, first);
  cache.remove(first);
  expect_usage(cache.usage(0), 6, 2, 0);

  const SequenceId next = cache.add().value();
  EXPECT_EQ(cache.reuse_prefix(next, text(12)).tokens, 8);
  EXPECT_EQ(cache.length(next), 8);
  EXPECT_THAT(table(cache, next), ElementsAre(blocks[0], blocks[1]));
  expect_usage(cache.usage(0), 6, 0, 2);
  compute(cache, next, text(4, 8));
  EXPECT_EQ(found(cache, text(20)), 12);
}

// Without a token to compute there would be no logits for choosing the next one.
TEST(Cache, LeavesAtLeastOneTokenToCompute) {
  Cache cache(capacity_of({{.blocks = 8}}));
  run_and_remove(cache, text(8));
  EXPECT_EQ(found(cache, text(8)), 4);
  EXPECT_EQ(found(cache, text(9)), 8);
  EXPECT_EQ(found(cache, text(1)), 0);
  EXPECT_EQ(found(cache, {}), 0);
}

TEST(Cache, FindsNothingUnderAnotherBeginning) {
  Cache cache(capacity_of({{.blocks = 8}}));
  run_and_remove(cache, text(12));
  Tokens other = text(13);
  other[1] = 99;
  EXPECT_EQ(found(cache, other), 0);
  other = text(13);
  other[6] = 99;
  EXPECT_EQ(found(cache, other), 4);
}

// If all hashes are equal, a wrong block is found unless tokens are compared.
TEST(Cache, IsRightWhenAllHashesCollide) {
  Cache cache(capacity_of({{.blocks = 12}}),
              [](PrefixId, std::span<const TokenId>, std::uint64_t) -> std::uint64_t { return 0; });
  run_and_remove(cache, text(9));
  run_and_remove(cache, text(9, 100));
  EXPECT_EQ(found(cache, text(9, 200)), 0);
  EXPECT_EQ(found(cache, text(9)), 8);
  Tokens crossed = text(4);
  crossed.insert(crossed.end(), {104, 105, 106, 107, 108});
  EXPECT_EQ(found(cache, crossed), 4);
}

// Concurrent sequences share a prompt as soon as it is computed.
TEST(Cache, SharesBlocksOfALivingSequence) {
  Cache cache(capacity_of({{.blocks = 8}}));
  const SequenceId first = run(cache, text(9));
  const SequenceId second = cache.add().value();
  EXPECT_EQ(cache.reuse_prefix(second, text(9)).tokens, 8);
  expect_usage(cache.usage(0), 5, 0, 3);
  cache.remove(first);
  expect_usage(cache.usage(0), 6, 0, 2);
  EXPECT_THAT(cache.table(second, 0), ::testing::SizeIs(2));
}

// Two sequences that compute the same text concurrently keep their own blocks; the cache keeps one of each.
TEST(Cache, KeepsOneOfIdenticalBlocks) {
  Cache cache(capacity_of({{.blocks = 8}}));
  const SequenceId first = cache.add().value();
  const SequenceId second = cache.add().value();
  compute(cache, first, text(8));
  compute(cache, second, text(8));
  expect_usage(cache.usage(0), 4, 0, 4);
  cache.remove(second);
  expect_usage(cache.usage(0), 6, 0, 2);
  cache.remove(first);
  expect_usage(cache.usage(0), 6, 2, 0);
  EXPECT_EQ(found(cache, text(9)), 8);
}

// The remaining copy is as good as the evicted one.
TEST(Cache, RemembersTheSecondOfIdenticalBlocksWhenTheFirstIsGone) {
  Cache cache(capacity_of({{.blocks = 4}}));
  const SequenceId first = cache.add().value();
  const SequenceId second = cache.add().value();
  compute(cache, first, text(8));
  compute(cache, second, text(8));
  cache.remove(first);
  run_and_remove(cache, text(8, 100));
  cache.remove(second);
  EXPECT_EQ(found(cache, text(9)), 8);
}

// A newly computed block replaces the cached one, so that memory does not hold the same content twice.
TEST(Cache, ComputedBlocksReplaceCachedOnes) {
  Cache cache(capacity_of({{.blocks = 8}}));
  run_and_remove(cache, text(8));
  const SequenceId again = run(cache, text(8));
  expect_usage(cache.usage(0), 6, 0, 2);
  cache.remove(again);
  expect_usage(cache.usage(0), 6, 2, 0);
}

// The end of the oldest prompt is evicted first, because its beginning is useful to more requests.
TEST(Cache, EvictsTheOldestFromItsEnd) {
  Cache cache(capacity_of({{.blocks = 6}}));
  run_and_remove(cache, text(12));
  run_and_remove(cache, text(12, 100));
  expect_usage(cache.usage(0), 0, 6, 0);
  EXPECT_EQ(found(cache, text(13)), 12);  // now the newer one

  const SequenceId third = run(cache, text(4, 200));
  EXPECT_EQ(found(cache, text(13, 100)), 8);
  EXPECT_EQ(found(cache, text(13)), 12);
  compute(cache, third, text(12, 204));
  EXPECT_EQ(found(cache, text(13, 100)), 0);
  EXPECT_EQ(found(cache, text(13)), 8);
}

TEST(Cache, ReservesAllOrNothing) {
  Cache cache(capacity_of({{.blocks = 4}, {.blocks = 3}}));
  const SequenceId first = run(cache, text(5));
  const SequenceId second = cache.add().value();
  EXPECT_FALSE(cache.reserve(second, 8));  // the first group has two left, the second only one
  EXPECT_TRUE(cache.table(second, 0).empty());
  expect_usage(cache.usage(0), 2, 0, 2);
  expect_usage(cache.usage(1), 1, 0, 2);
  EXPECT_TRUE(cache.reserve(second, 4));
  cache.remove(first);
  expect_usage(cache.usage(1), 1, 1, 1);
  EXPECT_TRUE(cache.reserve(second, 12));  // cached blocks are evicted
  expect_usage(cache.usage(1), 0, 0, 3);
  EXPECT_EQ(found(cache, text(5)), 0);
}

TEST(Cache, ReservationsAreKeptUntilUsedOrDropped) {
  Cache cache(capacity_of({{.blocks = 4}}));
  const SequenceId id = cache.add().value();
  EXPECT_TRUE(cache.reserve(id, 8));
  EXPECT_TRUE(cache.reserve(id, 8));
  expect_usage(cache.usage(0), 2, 0, 2);
  cache.append(id, text(3));
  EXPECT_TRUE(cache.truncate(id, 3));
  expect_usage(cache.usage(0), 3, 0, 1);
}

TEST(Cache, RunsOutOfSequencesAsAValue) {
  CacheCapacity capacity = capacity_of({{.blocks = 4}});
  capacity.max_sequences = 2;
  Cache cache(capacity);
  const SequenceId first = cache.add().value();
  ASSERT_TRUE(cache.add());
  EXPECT_FALSE(cache.add());
  EXPECT_FALSE(cache.fork(first));
  cache.remove(first);
  EXPECT_TRUE(cache.add());
}

// Several answers to one prompt share its blocks; the first to write gets a copy of the last one.
TEST(Cache, CopiesASharedBlockBeforeItIsWritten) {
  Cache cache(capacity_of({{.blocks = 8}, {.blocks = 8}}));
  const SequenceId first = run(cache, text(6));
  const SequenceId second = cache.fork(first).value().id;
  EXPECT_EQ(cache.length(second), 6);
  EXPECT_EQ(table(cache, first), table(cache, second));
  expect_usage(cache.usage(0), 6, 0, 2);

  const Tokens before = table(cache, first);
  const auto copies = cache.reserve(first, 1);
  ASSERT_TRUE(copies);
  ASSERT_THAT(*copies, ::testing::SizeIs(2));
  for (int group = 0; group < 2; ++group) {
    const BlockCopy& copy = (*copies)[group];
    EXPECT_EQ(copy.group, group);
    EXPECT_EQ(copy.from, table(cache, second, group)[1]);
    EXPECT_EQ(copy.to, table(cache, first, group)[1]);
    EXPECT_NE(copy.from, copy.to);
  }
  EXPECT_EQ(table(cache, second), before);
  cache.append(first, Tokens{100});

  const auto none = cache.reserve(second, 1);  // now the only owner of the block
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->empty());
  EXPECT_EQ(table(cache, second), before);
}

TEST(Cache, CountsTheCopyAmongTheBlocksItNeeds) {
  Cache cache(capacity_of({{.blocks = 2}}));
  const SequenceId first = run(cache, text(6));
  const SequenceId second = cache.fork(first).value().id;
  EXPECT_FALSE(cache.reserve(second, 1));
  EXPECT_EQ(table(cache, first), table(cache, second));
  cache.remove(first);
  EXPECT_TRUE(cache.reserve(second, 1));
}

// The original's reservation must not become a block that two sequences write to.
TEST(Cache, ForksWithoutTheReservations) {
  Cache cache(capacity_of({{.blocks = 8}}));
  const SequenceId first = run(cache, text(4));
  ASSERT_TRUE(cache.reserve(first, 4));
  const SequenceId second = cache.fork(first).value().id;
  EXPECT_THAT(cache.table(first, 0), ::testing::SizeIs(2));
  EXPECT_THAT(cache.table(second, 0), ::testing::SizeIs(1));
}

// Query 10 with a window of 4 sees 7, 8 and 9: of the blocks 0-3, 4-7 and 8-11 only the first is no longer needed.
TEST(Cache, ReleasesWhatTheWindowHasPassed) {
  Cache cache(capacity_of({{.blocks = 8}, {.window = 4, .blocks = 8}}));
  const SequenceId id = run(cache, text(6));
  EXPECT_THAT(cache.table(id, 1), ::testing::Not(::testing::Contains(kNoBlock)));
  compute(cache, id, text(1, 6));  // query 7 sees 4
  EXPECT_EQ(table(cache, id, 1)[0], kNoBlock);
  EXPECT_NE(table(cache, id, 1)[1], kNoBlock);
  compute(cache, id, text(3, 7));
  EXPECT_NE(table(cache, id, 1)[1], kNoBlock);
  compute(cache, id, text(1, 10));
  EXPECT_EQ(table(cache, id, 1)[1], kNoBlock);
  EXPECT_NE(table(cache, id, 1)[2], kNoBlock);
  expect_usage(cache.usage(0), 5, 0, 3);
  expect_usage(cache.usage(1), 5, 2, 1);
}

// If a prefix's window is gone, its blocks hold other content by now.
TEST(Cache, AWindowThatIsGoneCutsReuse) {
  Cache cache(capacity_of({{.blocks = 16}, {.window = 5, .blocks = 4}}));
  run_and_remove(cache, text(16));
  run_and_remove(cache, text(4, 100));  // takes 0-3 from the window's group
  EXPECT_EQ(found(cache, text(5)), 0);
  EXPECT_EQ(found(cache, text(13)), 12);  // query 12 sees 8 to 12
  run_and_remove(cache, text(4, 200));    // and 4-7
  EXPECT_EQ(found(cache, text(9)), 0);

  const SequenceId next = cache.add().value();
  EXPECT_EQ(cache.reuse_prefix(next, text(17)).tokens, 16);
  EXPECT_THAT(cache.table(next, 0), ::testing::Not(::testing::Contains(kNoBlock)));
  const Tokens window = table(cache, next, 1);
  EXPECT_EQ(std::ranges::count(window, kNoBlock), 3);
  EXPECT_NE(window[3], kNoBlock);
}

// Every block of the window counts, not only the last.
TEST(Cache, AGapInTheWindowCutsReuse) {
  Cache cache(capacity_of({{.window = 6, .blocks = 4}}));
  run_and_remove(cache, text(16));
  EXPECT_EQ(found(cache, text(17)), 16);  // query 16 sees 11 to 16, and so two blocks, which are the newest now
  run_and_remove(cache, text(8, 100));
  EXPECT_EQ(found(cache, text(17)), 16);
  run_and_remove(cache, text(12, 200));
  EXPECT_EQ(found(cache, text(17)), 0);
}

// Rejected draft tokens are removed, and blocks that only they needed are free again.
TEST(Cache, TruncatesToAnEarlierLength) {
  Cache cache(capacity_of({{.blocks = 8}}));
  const SequenceId id = run(cache, text(11));
  EXPECT_TRUE(cache.truncate(id, 9));
  EXPECT_TRUE(cache.truncate(id, 6));
  EXPECT_EQ(cache.length(id), 6);
  expect_usage(cache.usage(0), 6, 0, 2);
  compute(cache, id, Tokens{96, 97, 98});
  Tokens expected = text(6);
  expected.insert(expected.end(), {96, 97, 98});
  EXPECT_EQ(found(cache, expected), 8);
  EXPECT_EQ(found(cache, text(9)), 4);  // the block was overwritten
  EXPECT_TRUE(cache.truncate(id, 0));
  EXPECT_TRUE(cache.table(id, 0).empty());
}

// A block that another sequence has found must not change.
TEST(Cache, CopiesAFullBlockThatIsSharedWhenTruncatedInto) {
  Cache cache(capacity_of({{.blocks = 8}}));
  const SequenceId first = run(cache, text(8));
  const SequenceId second = cache.add().value();
  ASSERT_EQ(cache.reuse_prefix(second, text(9)).tokens, 8);
  ASSERT_TRUE(cache.truncate(first, 6));
  const auto copies = cache.reserve(first, 1);
  ASSERT_TRUE(copies);
  EXPECT_THAT(*copies, ::testing::SizeIs(1));
  cache.append(first, Tokens{99});
  EXPECT_EQ(found(cache, text(9)), 8);
}

TEST(Cache, DoesNotTruncateBehindItsWindow) {
  Cache cache(capacity_of({{.blocks = 8}, {.window = 4, .blocks = 8}}));
  const SequenceId id = run(cache, text(14));  // query 14 sees 11 to 14: 0-3 and 4-7 are released
  EXPECT_FALSE(cache.truncate(id, 10));        // query 10 sees 7
  EXPECT_EQ(cache.length(id), 14);
  EXPECT_TRUE(cache.truncate(id, 11));
  EXPECT_TRUE(cache.truncate(id, 0));  // nothing is needed to begin again
  compute(cache, id, text(14));
  EXPECT_EQ(table(cache, id, 1)[1], kNoBlock);
  EXPECT_NE(table(cache, id, 1)[2], kNoBlock);
}

// With little room for prefixes, the newest are found, and those in use are never lost.
TEST(Cache, RemembersAsManyPrefixesAsThereIsRoomFor) {
  CacheCapacity capacity = capacity_of({{.blocks = 16}});
  capacity.known_prefixes = 3;
  Cache cache(capacity);
  run_and_remove(cache, text(8));
  run_and_remove(cache, text(8, 100));
  EXPECT_EQ(found(cache, text(9)), 4);
  EXPECT_EQ(found(cache, text(9, 100)), 8);
  expect_usage(cache.usage(0), 13, 3, 0);

  const SequenceId id = run(cache, text(20, 200));
  EXPECT_EQ(found(cache, text(9, 100)), 0);
  EXPECT_EQ(found(cache, text(21, 200)), 12);
  ASSERT_TRUE(cache.truncate(id, 18));
  compute(cache, id, text(8, 218));
  cache.remove(id);
  expect_usage(cache.usage(0), 13, 3, 0);
  EXPECT_EQ(found(cache, text(21, 200)), 12);
}

TEST(Cache, MakesNoRoomForAPrefixThatIsKnown) {
  CacheCapacity capacity = capacity_of({{.blocks = 16}});
  capacity.known_prefixes = 2;
  Cache cache(capacity);
  run_and_remove(cache, text(4));
  run_and_remove(cache, text(4, 100));
  run_and_remove(cache, text(4, 100));
  EXPECT_EQ(found(cache, text(5)), 4);
}

}  // namespace
}  // namespace rocmforge::kv
