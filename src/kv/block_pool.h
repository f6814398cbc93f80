// Blocks of KV memory, or slots of recurrent state, by number. Knows nothing of what they hold but the prefix that
// names it.
//
// A block is free, owned (by so many owners), or cached: owned by none but remembered for its prefix until somebody
// needs the room; the one unused for longest goes first. Every operation takes constant time, and none allocates. Not
// thread-safe.
#pragma once

#include <vector>

#include "kv/ids.h"
#include "kv/recency_list.h"

namespace rocmforge::kv {

class BlockPool {
 public:
  explicit BlockPool(int blocks);

  int free() const { return free_; }
  int cached() const { return cached_; }
  int owned() const { return static_cast<int>(blocks_.size()) - free_ - cached_; }
  // As many can be taken, if cached ones are forgotten for it.
  int available() const { return free_ + cached_; }

  // A free block, now owned once. There must be one.
  BlockId take();

  // One more owner; also for a cached block.
  void share(BlockId block);

  // One owner less. With the last one gone, the block is cached if it is remembered, else free.
  void release(BlockId block);

  // Notes which prefix an owned block ends. forget() takes that back; a cached block is free then.
  void remember(BlockId block, PrefixId prefix);
  void forget(BlockId block);

  // The cached block that was released first; kNoBlock if none is cached.
  BlockId least_recently_used() const { return unused_.oldest(); }

  int owners(BlockId block) const { return blocks_[block].owners; }
  PrefixId prefix(BlockId block) const { return blocks_[block].prefix; }

 private:
  struct Block {
    int owners = 0;
    PrefixId prefix = kNoPrefix;
    BlockId next_free = kNoBlock;
  };

  void set_free(BlockId block);

  std::vector<Block> blocks_;
  RecencyList unused_;  // the cached ones
  BlockId first_free_ = kNoBlock;
  int free_ = 0;
  int cached_ = 0;
};

}  // namespace rocmforge::kv
