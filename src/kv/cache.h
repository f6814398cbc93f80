// Which blocks of KV memory belong to which sequence, and which finished work can be used again.
//
// Blocks with the same tokens before and in them are shared between sequences, and outlive theirs as long as nobody
// needs the room. Which those are is decided by comparing the tokens themselves, never by a hash alone.
//
// What runs out is a value (an empty optional), and leaves everything as it was. Whatever yields a copy has already
// counted it as done: the caller carries copies out in the order in which it got them, before the next step writes
// anything. Nothing here allocates after the constructor. Not thread-safe; the engine thread owns it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "kv/block_pool.h"
#include "kv/cache_capacity.h"
#include "kv/ids.h"
#include "kv/prefix_tree.h"

namespace rocmforge::kv {

struct BlockCopy {
  int group;
  BlockId from;
  BlockId to;
};

// Between slots of recurrent state.
struct StateCopy {
  BlockId from;
  BlockId to;
};

struct ReusedPrefix {
  int tokens = 0;
  std::optional<StateCopy> state;
};

struct ForkedSequence {
  SequenceId id;
  std::optional<StateCopy> state;
};

// Of a group's blocks, or of the state slots.
struct Usage {
  int free;
  int cached;
  int owned;
};

// Tokens that reuse_prefix() was asked for, and that it found.
struct PrefixHits {
  std::int64_t asked = 0;
  std::int64_t found = 0;
};

class Cache {
 public:
  explicit Cache(const CacheCapacity& capacity, PrefixHash hash = &hash_of);

  // A sequence of no tokens; empty when there are CacheCapacity::max_sequences or no state slot is left. Its state slot
  // holds anything: the first token starts from the zero state.
  std::optional<SequenceId> add();

  // Its full blocks are cached.
  void remove(SequenceId id);

  // A sequence with the same tokens, in the same blocks. Reservations stay with the original; both must reserve anew
  // before they go on.
  std::optional<ForkedSequence> fork(SequenceId id);

  // For a sequence without tokens or reservations: gives it the longest cached beginning of `tokens` that every group
  // and the recurrent state still have, in whole blocks, at least one token less than all.
  ReusedPrefix reuse_prefix(SequenceId id, std::span<const TokenId> tokens);

  // Makes the tables cover `tokens` more positions, all of them this sequence's own to write to; empty when a group has
  // too few blocks. The copies are valid until the next call.
  std::optional<std::span<const BlockCopy>> reserve(SequenceId id, int tokens);

  // These tokens have now been computed, at positions that were reserved. Blocks that they fill can be found by others
  // from now on; where one with the same content is in use already, that one stays the one to be found, and ours is
  // kept but not shared. Blocks that no later query sees are released.
  void append(SequenceId id, std::span<const TokenId> tokens);

  // Drops all but the first `length` tokens, and all reservations. False, with nothing done, where a window has
  // released what the next token would need, or the recurrent state has gone on.
  bool truncate(SequenceId id, int length);

  // Keeps the recurrent state of a sequence that ends with a full block, in the slot of the oldest snapshot if need be.
  // Empty if there is nothing to copy: no recurrent state, not at the end of a block, kept already, or no slot.
  std::optional<StateCopy> snapshot(SequenceId id);

  int length(SequenceId id) const { return live(id).length; }

  // By position / block_tokens; kNoBlock where a window has passed. Valid until the sequence's next change.
  std::span<const BlockId> table(SequenceId id, int group) const { return live(id).tables[group].blocks; }

  // kNoBlock without recurrent layers.
  BlockId state_slot(SequenceId id) const { return live(id).state_slot; }

  Usage usage(int group) const { return usage_of(pools_[group]); }
  Usage state_usage() const { return has_state() ? usage_of(pools_[state_pool()]) : Usage{}; }
  const PrefixHits& prefix_hits() const { return prefix_hits_; }

 private:
  struct Table {
    std::vector<BlockId> blocks;
    int hidden = 0;  // so many at the front have been released, because no later query sees them
  };

  struct Sequence {
    bool live = false;
    int length = 0;
    BlockId state_slot = kNoBlock;
    std::vector<Table> tables;       // by group
    std::vector<PrefixId> prefixes;  // that end with its full blocks, by block
    bool known = true;               // all full blocks have their prefix; false once the tree had no room for one
    std::vector<TokenId> last;       // the tokens of the block that is not full
  };

  bool is_live(SequenceId id) const;
  Sequence& live(SequenceId id);
  const Sequence& live(SequenceId id) const;

  int group_count() const { return static_cast<int>(capacity_.groups.size()); }
  bool has_state() const { return capacity_.state_slots > 0; }
  int state_pool() const { return group_count(); }
  static Usage usage_of(const BlockPool& pool) { return {pool.free(), pool.cached(), pool.owned()}; }
  int blocks_for(int tokens) const { return kv::blocks_for(tokens, capacity_.block_tokens); }
  int first_visible_block(int group, int length) const;

  BlockId take(int pool);
  void forget(int pool, BlockId block);
  void remember(int pool, BlockId block, PrefixId prefix);

  bool last_block_is_shared(const Sequence& sequence, int group) const;
  bool has_room(const Sequence& sequence, int tokens) const;
  void own_last_block(Sequence& sequence, int group);
  bool may_write(const Sequence& sequence, int tokens) const;

  void finish_block(Sequence& sequence);
  PrefixId known_prefix(const Sequence& sequence);
  void release_hidden(Sequence& sequence, int group);
  void release_block(const Sequence& sequence, int group, int index);
  void release_blocks_from(Sequence& sequence, int index);
  void release_prefixes_from(Sequence& sequence, int index);
  bool may_truncate(const Sequence& sequence, int length) const;

  void find_cached(std::span<const TokenId> tokens, std::vector<PrefixId>& prefixes);
  bool every_pool_has(PrefixId prefix, int blocks);

  CacheCapacity capacity_;
  PrefixTree tree_;
  std::vector<BlockPool> pools_;  // the groups', then that of the state slots if there are any
  std::vector<Sequence> sequences_;
  std::vector<SequenceId> free_ids_;
  std::vector<BlockCopy> copies_;  // of the last reserve()
  std::vector<int> runs_;          // find_cached(): by group, how many blocks before here it has without a gap
  PrefixHits prefix_hits_;
};

}  // namespace rocmforge::kv
