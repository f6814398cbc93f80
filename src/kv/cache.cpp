#include "kv/cache.h"

#include <algorithm>
#include <limits>

#include "base/error.h"

namespace rocmforge::kv {
namespace {

PrefixTree::Size tree_size(const CacheCapacity& capacity) {
  RF_CHECK(capacity.block_tokens > 0 && capacity.max_tokens > 0 && capacity.max_sequences > 0);
  RF_CHECK(!capacity.groups.empty() || capacity.state_slots > 0);
  const std::int64_t prefixes = known_prefixes(capacity);
  RF_CHECK(prefixes < std::numeric_limits<PrefixId>::max());
  const std::size_t pools = capacity.groups.size() + (capacity.state_slots > 0 ? 1 : 0);
  return {static_cast<int>(prefixes), capacity.block_tokens, static_cast<int>(pools)};
}

}  // namespace

Cache::Cache(const CacheCapacity& capacity, PrefixHash hash)
    : capacity_(capacity),
      tree_(tree_size(capacity), hash),
      sequences_(capacity.max_sequences),
      runs_(capacity.groups.size()) {
  for (const Group& group : capacity.groups) pools_.emplace_back(group.blocks);
  if (has_state()) pools_.emplace_back(capacity.state_slots);
  const auto blocks = static_cast<std::size_t>(blocks_for(capacity.max_tokens));
  for (Sequence& sequence : sequences_) {
    sequence.tables.resize(capacity.groups.size());
    for (Table& table : sequence.tables) table.blocks.reserve(blocks);
    sequence.prefixes.reserve(blocks);
    sequence.last.reserve(static_cast<std::size_t>(capacity.block_tokens));
  }
  for (SequenceId id = capacity.max_sequences - 1; id >= 0; --id) free_ids_.push_back(id);
  copies_.reserve(capacity.groups.size());
}

bool Cache::is_live(SequenceId id) const { return id >= 0 && id < capacity_.max_sequences && sequences_[id].live; }

Cache::Sequence& Cache::live(SequenceId id) {
  RF_CHECK(is_live(id));
  return sequences_[id];
}

const Cache::Sequence& Cache::live(SequenceId id) const {
  RF_CHECK(is_live(id));
  return sequences_[id];
}

int Cache::first_visible_block(int group, int length) const {
  return first_visible(capacity_.groups[group].window, length) / capacity_.block_tokens;
}

// --- Blocks and what they are remembered for ---

BlockId Cache::take(int pool) {
  BlockPool& blocks = pools_[pool];
  if (blocks.free() == 0) forget(pool, blocks.least_recently_used());
  return blocks.take();
}

void Cache::forget(int pool, BlockId block) {
  const PrefixId prefix = pools_[pool].prefix(block);
  pools_[pool].forget(block);
  tree_.clear_block(prefix, pool);
}

// Makes a block findable under its prefix. Each pool has at most one such block per prefix. If the known block is in
// use, it stays. If it is only cached, it is replaced and freed, which makes the prefix as recent as the new block's
// last use.
void Cache::remember(int pool, BlockId block, PrefixId prefix) {
  if (const BlockId known = tree_.block(prefix, pool); known != kNoBlock) {
    if (pools_[pool].owners(known) > 0) return;
    forget(pool, known);
  }
  tree_.set_block(prefix, pool, block);
  pools_[pool].remember(block, prefix);
}

// --- Sequences ---

std::optional<SequenceId> Cache::add() {
  if (free_ids_.empty()) return std::nullopt;
  if (has_state() && pools_[state_pool()].available() == 0) return std::nullopt;
  const SequenceId id = free_ids_.back();
  free_ids_.pop_back();
  Sequence& sequence = sequences_[id];
  sequence.live = true;
  sequence.length = 0;
  sequence.known = true;
  sequence.last.clear();
  if (has_state()) sequence.state_slot = take(state_pool());
  return id;
}

void Cache::remove(SequenceId id) {
  Sequence& sequence = live(id);
  release_blocks_from(sequence, 0);
  release_prefixes_from(sequence, 0);
  if (has_state()) pools_[state_pool()].release(sequence.state_slot);
  sequence.live = false;
  free_ids_.push_back(id);
}

std::optional<ForkedSequence> Cache::fork(SequenceId id) {
  const Sequence& original = live(id);
  const std::optional<SequenceId> added = add();
  if (!added) return std::nullopt;
  Sequence& copy = sequences_[*added];
  copy.length = original.length;
  copy.known = original.known;
  copy.last = original.last;
  copy.prefixes = original.prefixes;
  for (const PrefixId prefix : copy.prefixes) tree_.use(prefix);
  for (int group = 0; group < group_count(); ++group) {
    const Table& from = original.tables[group];
    Table& to = copy.tables[group];
    to.blocks.assign(from.blocks.begin(), from.blocks.begin() + blocks_for(original.length));
    to.hidden = from.hidden;
    for (std::size_t i = to.hidden; i < to.blocks.size(); ++i) pools_[group].share(to.blocks[i]);
  }
  if (!has_state()) return ForkedSequence{*added, std::nullopt};
  return ForkedSequence{*added, StateCopy{original.state_slot, copy.state_slot}};
}

// --- Growing ---

bool Cache::last_block_is_shared(const Sequence& sequence, int group) const {
  if (sequence.last.empty()) return false;
  const BlockId block = sequence.tables[group].blocks[sequence.length / capacity_.block_tokens];
  return pools_[group].owners(block) > 1;
}

bool Cache::has_room(const Sequence& sequence, int tokens) const {
  for (int group = 0; group < group_count(); ++group) {
    const int held = static_cast<int>(sequence.tables[group].blocks.size());
    const int more = std::max(blocks_for(sequence.length + tokens) - held, 0);
    const int copies = last_block_is_shared(sequence, group) ? 1 : 0;
    if (more + copies > pools_[group].available()) return false;
  }
  return true;
}

std::optional<std::span<const BlockCopy>> Cache::reserve(SequenceId id, int tokens) {
  Sequence& sequence = live(id);
  RF_CHECK(tokens >= 0 && tokens <= capacity_.max_tokens - sequence.length);
  copies_.clear();
  if (tokens == 0) return copies_;
  if (!has_room(sequence, tokens)) return std::nullopt;
  const auto blocks = static_cast<std::size_t>(blocks_for(sequence.length + tokens));
  for (int group = 0; group < group_count(); ++group) {
    own_last_block(sequence, group);
    std::vector<BlockId>& table = sequence.tables[group].blocks;
    while (table.size() < blocks) table.push_back(take(group));
  }
  return copies_;
}

// Prepares the last block, which is not full, for writing. If others share it, the sequence gets a copy. If it was full
// before a truncate(), it must no longer be found.
void Cache::own_last_block(Sequence& sequence, int group) {
  if (sequence.last.empty()) return;
  BlockId& block = sequence.tables[group].blocks[sequence.length / capacity_.block_tokens];
  BlockPool& pool = pools_[group];
  if (pool.owners(block) > 1) {
    const BlockId shared = block;
    block = take(group);
    pool.release(shared);
    copies_.push_back({group, shared, block});
  } else if (pool.prefix(block) != kNoPrefix) {
    forget(group, block);
  }
}

bool Cache::may_write(const Sequence& sequence, int tokens) const {
  for (int group = 0; group < group_count(); ++group) {
    const std::vector<BlockId>& table = sequence.tables[group].blocks;
    if (blocks_for(sequence.length + tokens) > static_cast<int>(table.size())) return false;
    if (sequence.last.empty()) continue;
    const BlockId block = table[sequence.length / capacity_.block_tokens];
    if (pools_[group].owners(block) > 1 || pools_[group].prefix(block) != kNoPrefix) return false;
  }
  return true;
}

void Cache::append(SequenceId id, std::span<const TokenId> tokens) {
  if (tokens.empty()) return;
  Sequence& sequence = live(id);
  RF_CHECK(tokens.size() <= static_cast<std::size_t>(capacity_.max_tokens - sequence.length));
  RF_CHECK(may_write(sequence, static_cast<int>(tokens.size())));
  const auto block_tokens = static_cast<std::size_t>(capacity_.block_tokens);
  while (!tokens.empty()) {
    const auto part = tokens.first(std::min(tokens.size(), block_tokens - sequence.last.size()));
    sequence.last.insert(sequence.last.end(), part.begin(), part.end());
    sequence.length += static_cast<int>(part.size());
    tokens = tokens.subspan(part.size());
    if (sequence.last.size() == block_tokens) finish_block(sequence);
  }
  for (int group = 0; group < group_count(); ++group) release_hidden(sequence, group);
}

void Cache::finish_block(Sequence& sequence) {
  const PrefixId prefix = sequence.known ? known_prefix(sequence) : kNoPrefix;
  sequence.last.clear();
  sequence.known = prefix != kNoPrefix;
  if (!sequence.known) return;
  const std::size_t index = sequence.prefixes.size();
  sequence.prefixes.push_back(prefix);
  for (int group = 0; group < group_count(); ++group) remember(group, sequence.tables[group].blocks[index], prefix);
}

// Returns the prefix that ends with the block just filled. If the tree has no room, the least recently used prefix and
// its cached blocks are dropped. If all prefixes are in use, the result is kNoPrefix and others will not find the rest
// of this sequence.
PrefixId Cache::known_prefix(const Sequence& sequence) {
  const PrefixId parent = sequence.prefixes.empty() ? kEmptyPrefix : sequence.prefixes.back();
  if (tree_.full() && tree_.find(parent, sequence.last) == kNoPrefix) {
    const PrefixId oldest = tree_.least_recently_used();
    if (oldest == kNoPrefix) return kNoPrefix;
    for (int pool = 0; pool < static_cast<int>(pools_.size()); ++pool) {
      if (const BlockId block = tree_.block(oldest, pool); block != kNoBlock) forget(pool, block);
    }
  }
  return tree_.find_or_add(parent, sequence.last);
}

// --- Shrinking ---

void Cache::release_hidden(Sequence& sequence, int group) {
  Table& table = sequence.tables[group];
  const int hidden = first_visible_block(group, sequence.length);
  for (; table.hidden < hidden; ++table.hidden) {
    release_block(sequence, group, table.hidden);
    table.blocks[table.hidden] = kNoBlock;
  }
}

// Releases a block. If it was not remembered because another block had the same content, it may be remembered now.
void Cache::release_block(const Sequence& sequence, int group, int index) {
  const BlockId block = sequence.tables[group].blocks[index];
  BlockPool& pool = pools_[group];
  const bool known = index < static_cast<int>(sequence.prefixes.size());
  if (known && pool.owners(block) == 1 && pool.prefix(block) == kNoPrefix) {
    remember(group, block, sequence.prefixes[index]);
  }
  pool.release(block);
}

// Releases the last block first, so that it is evicted first: the earlier blocks are useful without it.
void Cache::release_blocks_from(Sequence& sequence, int index) {
  for (int group = 0; group < group_count(); ++group) {
    Table& table = sequence.tables[group];
    while (static_cast<int>(table.blocks.size()) > std::max(index, table.hidden)) {
      release_block(sequence, group, static_cast<int>(table.blocks.size()) - 1);
      table.blocks.pop_back();
    }
    table.hidden = std::min(table.hidden, index);
    table.blocks.resize(std::min(table.blocks.size(), static_cast<std::size_t>(index)));
  }
}

void Cache::release_prefixes_from(Sequence& sequence, int index) {
  while (static_cast<int>(sequence.prefixes.size()) > index) {
    tree_.release(sequence.prefixes.back());
    sequence.prefixes.pop_back();
  }
}

bool Cache::may_truncate(const Sequence& sequence, int length) const {
  if (length == sequence.length) return true;
  if (has_state()) return false;
  for (int group = 0; group < group_count(); ++group) {
    const int hidden = std::min(sequence.tables[group].hidden, blocks_for(length));
    if (hidden > first_visible_block(group, length)) return false;
  }
  return true;
}

bool Cache::truncate(SequenceId id, int length) {
  Sequence& sequence = live(id);
  RF_CHECK(length >= 0 && length <= sequence.length);
  if (!may_truncate(sequence, length)) return false;
  const int full = length / capacity_.block_tokens;
  const auto rest = static_cast<std::size_t>(length % capacity_.block_tokens);
  if (full == sequence.length / capacity_.block_tokens) {
    sequence.last.resize(rest);
  } else if (full < static_cast<int>(sequence.prefixes.size())) {
    const auto kept = tree_.tokens(sequence.prefixes[full]).first(rest);
    sequence.last.assign(kept.begin(), kept.end());
  } else {
    sequence.last.assign(rest, TokenId{});  // the tokens are not known, and never read
  }
  sequence.length = length;
  release_blocks_from(sequence, blocks_for(length));
  release_prefixes_from(sequence, full);
  return true;
}

// --- Finding again ---

bool Cache::every_pool_has(PrefixId prefix, int blocks) {
  bool all = !has_state() || tree_.block(prefix, state_pool()) != kNoBlock;
  for (int group = 0; group < group_count(); ++group) {
    runs_[group] = tree_.block(prefix, group) == kNoBlock ? 0 : runs_[group] + 1;
    all &= runs_[group] >= blocks - first_visible_block(group, blocks * capacity_.block_tokens);
  }
  return all;
}

void Cache::find_cached(std::span<const TokenId> tokens, std::vector<PrefixId>& prefixes) {
  const auto block_tokens = static_cast<std::size_t>(capacity_.block_tokens);
  std::ranges::fill(runs_, 0);
  std::size_t found = 0;
  PrefixId prefix = kEmptyPrefix;
  for (std::size_t start = 0; start + block_tokens < tokens.size(); start += block_tokens) {
    prefix = tree_.find(prefix, tokens.subspan(start, block_tokens));
    if (prefix == kNoPrefix) break;
    prefixes.push_back(prefix);
    if (every_pool_has(prefix, static_cast<int>(prefixes.size()))) found = prefixes.size();
  }
  prefixes.resize(found);
}

ReusedPrefix Cache::reuse_prefix(SequenceId id, std::span<const TokenId> tokens) {
  Sequence& sequence = live(id);
  RF_CHECK(sequence.length == 0 && tokens.size() <= static_cast<std::size_t>(capacity_.max_tokens));
  for (const Table& table : sequence.tables) RF_CHECK(table.blocks.empty());
  find_cached(tokens, sequence.prefixes);
  const int blocks = static_cast<int>(sequence.prefixes.size());
  sequence.length = blocks * capacity_.block_tokens;
  if (blocks == 0) return {};
  for (const PrefixId prefix : sequence.prefixes) tree_.use(prefix);
  for (int group = 0; group < group_count(); ++group) {
    Table& table = sequence.tables[group];
    table.hidden = first_visible_block(group, sequence.length);
    table.blocks.assign(static_cast<std::size_t>(blocks), kNoBlock);
    for (int i = table.hidden; i < blocks; ++i) {
      table.blocks[i] = tree_.block(sequence.prefixes[i], group);
      pools_[group].share(table.blocks[i]);
    }
  }
  if (!has_state()) return {sequence.length, std::nullopt};
  const BlockId snapshot = tree_.block(sequence.prefixes.back(), state_pool());
  pools_[state_pool()].share(snapshot);  // share and release, to make it the most recently used
  pools_[state_pool()].release(snapshot);
  return {sequence.length, StateCopy{snapshot, sequence.state_slot}};
}

std::optional<StateCopy> Cache::snapshot(SequenceId id) {
  const Sequence& sequence = live(id);
  if (!has_state() || sequence.length == 0 || !sequence.last.empty() || !sequence.known) return std::nullopt;
  BlockPool& pool = pools_[state_pool()];
  const PrefixId prefix = sequence.prefixes.back();
  if (const BlockId kept = tree_.block(prefix, state_pool()); kept != kNoBlock) {
    pool.share(kept);
    pool.release(kept);
    return std::nullopt;
  }
  if (pool.available() == 0) return std::nullopt;
  const BlockId slot = take(state_pool());
  remember(state_pool(), slot, prefix);
  pool.release(slot);
  return StateCopy{sequence.state_slot, slot};
}

}  // namespace rocmforge::kv
