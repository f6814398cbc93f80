#include "kv/block_pool.h"

#include "base/error.h"

namespace rocmforge::kv {

BlockPool::BlockPool(int blocks) : blocks_(static_cast<std::size_t>(blocks)), unused_(blocks) {
  for (BlockId block = blocks - 1; block >= 0; --block) set_free(block);
}

// The block that became free last is taken first, since its memory is most likely still in a processor's cache.
void BlockPool::set_free(BlockId block) {
  blocks_[block].next_free = first_free_;
  first_free_ = block;
  ++free_;
}

BlockId BlockPool::take() {
  RF_CHECK(free_ > 0);
  const BlockId block = first_free_;
  first_free_ = blocks_[block].next_free;
  --free_;
  blocks_[block].owners = 1;
  return block;
}

void BlockPool::share(BlockId block) {
  Block& shared = blocks_[block];
  if (shared.owners == 0) {
    RF_CHECK(shared.prefix != kNoPrefix);
    unused_.remove(block);
    --cached_;
  }
  ++shared.owners;
}

void BlockPool::release(BlockId block) {
  Block& released = blocks_[block];
  RF_CHECK(released.owners > 0);
  if (--released.owners > 0) return;
  if (released.prefix == kNoPrefix) return set_free(block);
  unused_.add(block);
  ++cached_;
}

void BlockPool::remember(BlockId block, PrefixId prefix) {
  RF_CHECK(blocks_[block].owners > 0 && blocks_[block].prefix == kNoPrefix);
  blocks_[block].prefix = prefix;
}

void BlockPool::forget(BlockId block) {
  RF_CHECK(blocks_[block].prefix != kNoPrefix);
  blocks_[block].prefix = kNoPrefix;
  if (blocks_[block].owners > 0) return;
  unused_.remove(block);
  --cached_;
  set_free(block);
}

}  // namespace rocmforge::kv
