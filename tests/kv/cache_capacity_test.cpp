#include "kv/cache_capacity.h"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

namespace rocmforge::kv {
namespace {

TEST(CacheCapacity, WindowsSeeWhatTheirDefinitionSays) {
  for (int window = 0; window <= 6; ++window) {
    for (int position = 0; position <= 12; ++position) {
      int first = 0;
      while (window != 0 && position - first >= window) ++first;
      EXPECT_EQ(first_visible(window, position), first) << window << ' ' << position;
    }
  }
}

// Returns the maximum number of blocks that one sequence holds while it computes `step` tokens.
int most_blocks_held(int window, int block_tokens, int step, int context) {
  int most = 0;
  for (int length = 0; length + step <= context; ++length) {
    const int first = first_visible(window, length) / block_tokens;
    most = std::max(most, blocks_for(length + step, block_tokens) - first);
  }
  return most;
}

// Does the same for several sequences that share the step's tokens, trying all divisions.
int most_blocks_held(int window, int block_tokens, int sequences, int step_tokens, int context) {
  std::vector<int> most(static_cast<std::size_t>(step_tokens) + 1);
  for (int i = 0; i < sequences; ++i) {
    std::vector<int> next(most.size());
    for (int used = 0; used <= step_tokens; ++used) {
      for (int mine = 0; mine <= used; ++mine) {
        next[used] = std::max(next[used], most[used - mine] + most_blocks_held(window, block_tokens, mine, context));
      }
    }
    most = next;
  }
  return most.back();
}

// Too few, and a request that was promised its context is preempted for ever; too many, and memory lies idle.
TEST(CacheCapacity, BlocksNeededAreThoseOfTheWorstCase) {
  constexpr int kLong = 60;
  for (int window = 1; window <= 9; ++window) {
    for (int block_tokens = 1; block_tokens <= 5; ++block_tokens) {
      for (int step = 1; step <= 7; ++step) {
        for (int sequences = 1; sequences <= 3; ++sequences) {
          const Demand demand = {.sequences = sequences, .context = kLong, .step_tokens = step};
          EXPECT_EQ(blocks_needed(window, block_tokens, demand),
                    most_blocks_held(window, block_tokens, sequences, step, kLong))
              << "window " << window << ", blocks of " << block_tokens << ", " << sequences << " times, steps of "
              << step;
        }
      }
    }
  }
}

TEST(CacheCapacity, BlocksNeededNeverExceedTheContext) {
  EXPECT_EQ(blocks_needed(0, 16, {.sequences = 3, .context = 33, .step_tokens = 8}), 9);
  EXPECT_EQ(blocks_needed(4096, 16, {.sequences = 3, .context = 33, .step_tokens = 8}), 9);
  EXPECT_EQ(blocks_needed(0, 16, {.sequences = 1 << 20, .context = 1 << 20, .step_tokens = 1}), std::int64_t{1} << 36);
}

// A group that sees everything holds all that can be found; without one, each sequence's beginning must be kept apart.
TEST(CacheCapacity, KnowsHowManyPrefixesAreOfUse) {
  CacheCapacity capacity = {.block_tokens = 4, .max_tokens = 10, .max_sequences = 2, .groups = {{0, 20}, {4, 5}}};
  EXPECT_EQ(known_prefixes(capacity), 25);
  capacity.groups[0].window = 8;
  EXPECT_EQ(known_prefixes(capacity), 25 + 2 * 3);
  capacity.known_prefixes = 7;
  EXPECT_EQ(known_prefixes(capacity), 7);
}

}  // namespace
}  // namespace rocmforge::kv
