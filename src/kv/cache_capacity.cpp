#include "kv/cache_capacity.h"

#include <algorithm>

#include "base/error.h"

namespace rocmforge::kv {

std::int64_t known_prefixes(const CacheCapacity& capacity) {
  if (capacity.known_prefixes > 0) return capacity.known_prefixes;
  std::int64_t blocks = 0;
  bool sees_everything = false;
  for (const Group& group : capacity.groups) {
    blocks += group.blocks;
    sees_everything |= group.window == 0;
  }
  if (sees_everything) return blocks;
  return blocks + std::int64_t{capacity.max_sequences} * blocks_for(capacity.max_tokens, capacity.block_tokens);
}

std::uint64_t bookkeeping_bytes(const CacheCapacity& capacity) {
  constexpr std::uint64_t kPerPrefix = 64;  // links, an entry of the hash table, an entry in each pool's index
  constexpr std::uint64_t kPerBlock = 32;
  const auto tokens = static_cast<std::uint64_t>(capacity.block_tokens) * sizeof(std::int32_t);
  const auto per_sequence = static_cast<std::uint64_t>(blocks_for(capacity.max_tokens, capacity.block_tokens)) *
                            (capacity.groups.size() + 1) * sizeof(std::int32_t);
  std::uint64_t bytes = static_cast<std::uint64_t>(known_prefixes(capacity)) * (kPerPrefix + tokens);
  bytes += static_cast<std::uint64_t>(capacity.max_sequences) * per_sequence;
  for (const Group& group : capacity.groups) bytes += static_cast<std::uint64_t>(group.blocks) * kPerBlock;
  return bytes;
}

// A sequence that computes s tokens in a step needs the window - 1 positions before them and the s positions
// themselves. In the worst alignment p positions lie in 1 + ceil((p - 1) / block) blocks. So each sequence holds the
// blocks for s = 0, and the step's tokens add the most blocks if they are distributed as cheaply as possible: the
// `first` tokens of a sequence cross into the next block, and then every `block_tokens` tokens cross into another one.
std::int64_t blocks_needed(int window, int block_tokens, const Demand& demand) {
  RF_CHECK(window >= 0 && block_tokens > 0);
  const std::int64_t sequences = demand.sequences;
  const std::int64_t full = sequences * blocks_for(demand.context, block_tokens);
  if (window == 0) return full;
  const std::int64_t rounded = std::int64_t{window} - 2 + block_tokens - 1;
  const std::int64_t held = 1 + rounded / block_tokens;
  const std::int64_t first = block_tokens - rounded % block_tokens;
  const std::int64_t in_first = std::min(sequences, demand.step_tokens / first);
  const std::int64_t in_later = (demand.step_tokens - in_first * first) / block_tokens;
  return std::min(full, sequences * held + in_first + in_later);
}

}  // namespace rocmforge::kv
