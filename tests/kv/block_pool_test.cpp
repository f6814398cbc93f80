// Tests the block pool.
#include "kv/block_pool.h"

#include <vector>

#include <gtest/gtest.h>

namespace rocmforge::kv {
namespace {

void expect_counts(const BlockPool& pool, int free, int cached, int owned) {
  EXPECT_EQ(pool.free(), free);
  EXPECT_EQ(pool.cached(), cached);
  EXPECT_EQ(pool.owned(), owned);
  EXPECT_EQ(pool.available(), free + cached);
}

// A block given to two sequences at once would mix their texts.
TEST(BlockPool, GivesEachBlockOnce) {
  BlockPool pool(3);
  std::vector<bool> taken(3);
  for (int i = 0; i < 3; ++i) {
    const BlockId block = pool.take();
    ASSERT_TRUE(block >= 0 && block < 3);
    EXPECT_FALSE(taken[block]);
    taken[block] = true;
  }
  expect_counts(pool, 0, 0, 3);
}

TEST(BlockPool, IsFreeOnlyWhenTheLastOwnerLeaves) {
  BlockPool pool(1);
  const BlockId block = pool.take();
  pool.share(block);
  EXPECT_EQ(pool.owners(block), 2);
  pool.release(block);
  expect_counts(pool, 0, 0, 1);
  pool.release(block);
  expect_counts(pool, 1, 0, 0);
}

TEST(BlockPool, CachesWhatIsRememberedAndGivesItBack) {
  BlockPool pool(2);
  const BlockId block = pool.take();
  pool.remember(block, 7);
  pool.release(block);
  expect_counts(pool, 1, 1, 0);
  EXPECT_EQ(pool.prefix(block), 7);
  pool.share(block);
  expect_counts(pool, 1, 0, 1);
  EXPECT_EQ(pool.owners(block), 1);
  pool.release(block);
  pool.forget(block);
  expect_counts(pool, 2, 0, 0);
  EXPECT_EQ(pool.prefix(block), kNoPrefix);
}

// An active conversation must keep its blocks longer than one that was left an hour ago.
TEST(BlockPool, NamesTheOneUnusedForLongest) {
  BlockPool pool(3);
  EXPECT_EQ(pool.least_recently_used(), kNoBlock);
  const BlockId a = pool.take();
  const BlockId b = pool.take();
  const BlockId c = pool.take();
  for (const BlockId block : {a, b, c}) pool.remember(block, block + 1);
  for (const BlockId block : {b, a, c}) pool.release(block);
  EXPECT_EQ(pool.least_recently_used(), b);
  pool.share(b);
  EXPECT_EQ(pool.least_recently_used(), a);
  pool.release(b);
  pool.forget(a);
  EXPECT_EQ(pool.least_recently_used(), c);
  pool.forget(c);
  EXPECT_EQ(pool.least_recently_used(), b);
}

// A block stays in use when its content can no longer be found.
TEST(BlockPool, ForgetsAnOwnedBlockWithoutFreeingIt) {
  BlockPool pool(1);
  const BlockId block = pool.take();
  pool.remember(block, 1);
  pool.forget(block);
  expect_counts(pool, 0, 0, 1);
  pool.release(block);
  expect_counts(pool, 1, 0, 0);
}

}  // namespace
}  // namespace rocmforge::kv
