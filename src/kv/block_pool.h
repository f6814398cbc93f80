// A pool of blocks of KV memory, or of slots for recurrent states, identified by number. The pool knows nothing of a
// block's content except the prefix that identifies it.
//
// A block is in one of three states: free; owned, by a counted number of owners; or cached, which means that nobody
// owns it but it is remembered for its prefix until its memory is needed. The cached block that was released first is
// evicted first. Every operation takes constant time and none allocates. Not thread-safe.
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
  // The number of blocks that can be taken if cached ones are forgotten.
  int available() const { return free_ + cached_; }

  // Takes a free block, which then has one owner. Requires: free() > 0.
  BlockId take();

  // Adds an owner to an owned or cached block.
  void share(BlockId block);

  // Removes an owner. Without owners the block is cached if it is remembered, otherwise free.
  void release(BlockId block);

  // remember() notes the prefix that an owned block ends. forget() drops the note, and frees a cached block.
  void remember(BlockId block, PrefixId prefix);
  void forget(BlockId block);

  // Returns the cached block that was released first, or kNoBlock if none is cached.
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
  RecencyList unused_;  // the cached blocks
  BlockId first_free_ = kNoBlock;
  int free_ = 0;
  int cached_ = 0;
};

}  // namespace rocmforge::kv
