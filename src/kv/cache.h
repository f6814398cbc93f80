// Tracks which blocks of KV memory belong to which sequence, and which finished work can be reused.
//
// Sequences share blocks whose tokens, and all tokens before them, are equal. Such blocks stay cached after their
// sequence is removed, until their memory is needed. Equality is decided by comparing the tokens, never by a hash
// alone.
//
// If memory runs out, a function returns an empty optional and changes nothing. A returned copy is already counted as
// done: the caller must execute copies in the order in which they were returned, before the next step writes. Nothing
// allocates after the constructor. Not thread-safe; the engine thread owns the cache.
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

// A copy between slots of recurrent states.
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

// How many blocks of a group, or state slots, are in each state.
struct Usage {
  int free;
  int cached;
  int owned;
};

class Cache {
 public:
  explicit Cache(const CacheCapacity& capacity, PrefixHash hash = &hash_of);

  // Adds a sequence without tokens. Empty if there are CacheCapacity::max_sequences sequences or no state slot is left.
  // The contents of the state slot are undefined: the first token starts from the zero state.
  std::optional<SequenceId> add();

  // Removes a sequence and caches its full blocks.
  void remove(SequenceId id);

  // Adds a sequence with the same tokens, in the same blocks. Called by tests only so far. Reservations stay with the
  // original; both sequences must call reserve() before they continue.
  std::optional<ForkedSequence> fork(SequenceId id);

  // Gives a sequence the longest cached prefix of `tokens` that every group and the recurrent state still have, in
  // whole blocks, and shorter than `tokens` by at least one token. Requires: the sequence has no tokens and no reserved
  // blocks.
  ReusedPrefix reuse_prefix(SequenceId id, std::span<const TokenId> tokens);

  // Makes the tables cover `tokens` more positions, in blocks that only this sequence uses. Empty if a group has too
  // few blocks. The copies are valid until the next call.
  std::optional<std::span<const BlockCopy>> reserve(SequenceId id, int tokens);

  // Records that these tokens have been computed. Requires: their positions were reserved. Blocks that they fill can be
  // found by other sequences from now on. If a block with the same content is already in use, that one remains the one
  // to be found, and this sequence's block is kept but not shared. Blocks that no later query sees are released.
  void append(SequenceId id, std::span<const TokenId> tokens);

  // Drops all but the first `length` tokens, and all reservations. Returns false, and changes nothing, if a window has
  // released blocks that the next token needs or if the recurrent state has advanced.
  bool truncate(SequenceId id, int length);

  // Saves the recurrent state of a sequence that ends with a full block, in the slot of the oldest snapshot if
  // necessary. Empty if there is nothing to copy: no recurrent state, not at the end of a block, already saved, or no
  // slot.
  std::optional<StateCopy> snapshot(SequenceId id);

  int length(SequenceId id) const { return live(id).length; }

  // The blocks by position / block_tokens; kNoBlock for those that a window has passed. Valid until the sequence
  // changes.
  std::span<const BlockId> table(SequenceId id, int group) const { return live(id).tables[group].blocks; }

  // Returns kNoBlock if there are no recurrent layers.
  BlockId state_slot(SequenceId id) const { return live(id).state_slot; }

  // Return how many blocks of a group, or state slots, are free, cached and owned. For tests.
  Usage usage(int group) const { return usage_of(pools_[group]); }
  Usage state_usage() const { return has_state() ? usage_of(pools_[state_pool()]) : Usage{}; }

 private:
  struct Table {
    std::vector<BlockId> blocks;
    int hidden = 0;  // number of leading blocks that were released because no later query sees them
  };

  struct Sequence {
    bool live = false;
    int length = 0;
    BlockId state_slot = kNoBlock;
    std::vector<Table> tables;       // by group
    std::vector<PrefixId> prefixes;  // by block: the prefix that ends with it; full blocks only
    bool known = true;               // all full blocks have a prefix; false after the tree had no room for one
    std::vector<TokenId> last;       // the tokens of the last block, which is not full
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
  std::vector<BlockPool> pools_;  // by group, then the pool of the state slots if there are any
  std::vector<Sequence> sequences_;
  std::vector<SequenceId> free_ids_;
  std::vector<BlockCopy> copies_;  // returned by the last reserve()
  std::vector<int> runs_;          // used by find_cached(), by group: number of consecutive cached blocks up to here
};

}  // namespace rocmforge::kv
