// The capacity of a cache, and how many blocks a given load needs.
#pragma once

#include <cstdint>
#include <vector>

namespace rocmforge::kv {

// A group of layers that see the same positions. A block id refers to one piece of memory in each of them.
struct Group {
  int window = 0;  // the query at position i sees the keys at j with i - j < window; 0: at every j <= i
  int blocks = 0;
};

struct CacheCapacity {
  int block_tokens = 16;
  int max_tokens = 0;  // per sequence
  int max_sequences = 0;
  std::vector<Group> groups;
  int state_slots = 0;     // recurrent states: one per sequence, the rest for snapshots; 0: no recurrent layers
  int known_prefixes = 0;  // full blocks of tokens to remember; 0: as many as can be useful (see known_prefixes())
};

// Returns the approximate bytes of host memory that the bookkeeping needs.
std::uint64_t bookkeeping_bytes(const CacheCapacity& capacity);

// Returns the first position that the query at position `length` sees.
inline int first_visible(int window, int length) { return window == 0 || length < window ? 0 : length - window + 1; }

inline int blocks_for(int tokens, int block_tokens) { return (tokens + block_tokens - 1) / block_tokens; }

// Returns CacheCapacity::known_prefixes or its default. If a group has no window, a prefix is useless without a block
// in that group, so there are no more useful prefixes than blocks. Otherwise prefixes outlive their blocks, and every
// sequence needs its own.
std::int64_t known_prefixes(const CacheCapacity& capacity);

// The load that a cache must be able to serve.
struct Demand {
  int sequences = 1;
  int context = 0;      // tokens per sequence
  int step_tokens = 1;  // maximum per step, over all sequences
};

// Returns how many blocks a group with this window needs for the load, whatever the positions of the sequences.
// Reservations that are kept beyond their step are not counted.
std::int64_t blocks_needed(int window, int block_tokens, const Demand& demand);

}  // namespace rocmforge::kv
