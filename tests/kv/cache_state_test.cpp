// Tests the cache for recurrent layers: a prefix is usable only where the state after it was kept.
#include <optional>
#include <vector>

#include <gtest/gtest.h>

#include "kv/cache_steps.h"

namespace rocmforge::kv {
namespace {

CacheCapacity capacity_with_states(std::vector<Group> groups, int state_slots) {
  return {
      .block_tokens = 4, .max_tokens = 64, .max_sequences = 4, .groups = std::move(groups), .state_slots = state_slots};
}

// Computes the tokens and keeps the state after them.
void run_keep_and_remove(Cache& cache, const Tokens& tokens) {
  const SequenceId id = cache.add().value();
  compute(cache, id, tokens);
  cache.snapshot(id);
  cache.remove(id);
}

// A state cannot be shortened; continuing from anything but a snapshot would use another text's state.
TEST(CacheState, ReusesOnlyWhereAStateWasKept) {
  Cache cache(capacity_with_states({{.blocks = 16}}, 4));
  const SequenceId id = cache.add().value();
  compute(cache, id, text(8));
  const std::optional<StateCopy> kept = cache.snapshot(id);
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->from, cache.state_slot(id));
  EXPECT_NE(kept->to, kept->from);
  EXPECT_FALSE(cache.snapshot(id));  // it is there already
  compute(cache, id, text(8, 8));
  cache.remove(id);

  EXPECT_EQ(found(cache, text(5)), 0);
  EXPECT_EQ(found(cache, text(17)), 8);
  const SequenceId next = cache.add().value();
  const ReusedPrefix reused = cache.reuse_prefix(next, text(17));
  ASSERT_TRUE(reused.state);
  EXPECT_EQ(reused.state->from, kept->to);
  EXPECT_EQ(reused.state->to, cache.state_slot(next));
}

TEST(CacheState, KeepsStatesAtTheEndOfABlockOnly) {
  Cache cache(capacity_with_states({{.blocks = 16}}, 4));
  const SequenceId id = cache.add().value();
  EXPECT_FALSE(cache.snapshot(id));
  compute(cache, id, text(6));
  EXPECT_FALSE(cache.snapshot(id));
  compute(cache, id, text(2, 6));
  EXPECT_TRUE(cache.snapshot(id));

  Cache without(capacity_with_states({{.blocks = 16}}, 0));
  const SequenceId other = without.add().value();
  compute(without, other, text(8));
  EXPECT_FALSE(without.snapshot(other));
  EXPECT_EQ(without.state_slot(other), kNoBlock);
}

// Without keys and values a prefix consists of the state only.
TEST(CacheState, WorksForModelsWithoutAttention) {
  Cache cache(capacity_with_states({}, 3));
  run_keep_and_remove(cache, text(8));
  EXPECT_EQ(found(cache, text(9)), 8);
  EXPECT_EQ(found(cache, text(9, 1)), 0);
}

TEST(CacheState, EvictsTheSnapshotUnusedForLongest) {
  Cache cache(capacity_with_states({}, 3));  // one for the sequence, two for snapshots
  run_keep_and_remove(cache, text(4));
  run_keep_and_remove(cache, text(4, 100));
  EXPECT_EQ(cache.state_usage().cached, 2);
  EXPECT_EQ(found(cache, text(5)), 4);
  run_keep_and_remove(cache, text(4, 200));
  EXPECT_EQ(found(cache, text(5, 100)), 0);
  EXPECT_EQ(found(cache, text(5)), 4);
  EXPECT_EQ(found(cache, text(5, 200)), 4);

  const SequenceId again = cache.add().value();  // the same state again counts as use
  compute(cache, again, text(4));
  EXPECT_FALSE(cache.snapshot(again));
  cache.remove(again);
  run_keep_and_remove(cache, text(4, 300));
  EXPECT_EQ(found(cache, text(5)), 4);
  EXPECT_EQ(found(cache, text(5, 200)), 0);
}

// Requests take precedence over the states of earlier ones, but a running request keeps its state.
TEST(CacheState, SequencesTakeSlotsFromSnapshotsOnly) {
  Cache cache(capacity_with_states({}, 2));
  run_keep_and_remove(cache, text(4));
  const SequenceId first = cache.add().value();
  const SequenceId second = cache.add().value();
  EXPECT_NE(cache.state_slot(first), cache.state_slot(second));
  EXPECT_EQ(cache.state_usage().cached, 0);
  EXPECT_FALSE(cache.add());
  EXPECT_FALSE(cache.fork(first));
  compute(cache, first, text(4));
  EXPECT_FALSE(cache.snapshot(first));
  cache.remove(second);
  EXPECT_EQ(cache.reuse_prefix(cache.add().value(), text(5)).tokens, 0);
}

TEST(CacheState, ForksWithACopyOfTheState) {
  Cache cache(capacity_with_states({{.blocks = 8}}, 2));
  const SequenceId first = cache.add().value();
  compute(cache, first, text(6));
  const std::optional<ForkedSequence> fork = cache.fork(first);
  ASSERT_TRUE(fork && fork->state);
  EXPECT_EQ(fork->state->from, cache.state_slot(first));
  EXPECT_EQ(fork->state->to, cache.state_slot(fork->id));
  EXPECT_NE(fork->state->from, fork->state->to);
}

TEST(CacheState, CannotTakeTokensBack) {
  Cache cache(capacity_with_states({{.blocks = 8}}, 2));
  const SequenceId id = cache.add().value();
  compute(cache, id, text(6));
  EXPECT_FALSE(cache.truncate(id, 5));
  EXPECT_TRUE(cache.truncate(id, 6));
  EXPECT_EQ(cache.length(id), 6);
}

}  // namespace
}  // namespace rocmforge::kv
