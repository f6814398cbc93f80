// What a cache has to hold, and how many blocks that takes.
#pragma once

#include <cstdint>
#include <vector>

namespace rocmforge::kv {

// Layers that see the same positions. A block id stands for one piece of memory in each of them.
struct Group {
  int window = 0;  // the query at position i sees the keys at j with i - j < window; 0: at every j <= i
  int blocks = 0;
};

struct CacheCapacity {
  int block_tokens = 16;
  int max_tokens = 0;  // of one sequence
  int max_sequences = 0;
  std::vector<Group> groups;
  int state_slots = 0;     // recurrent states: one per sequence, the rest for snapshots; 0: no recurrent layers
  int known_prefixes = 0;  // full blocks of tokens to remember; 0: as many as can be of use (see known_prefixes())
};

// Bytes of host memory that the bookkeeping takes, about.
std::uint64_t bookkeeping_bytes(const CacheCapacity& capacity);

// The first position that the query at position `length` sees.
inline int first_visible(int window, int length) { return window == 0 || length < window ? 0 : length - window + 1; }

inline int blocks_for(int tokens, int block_tokens) { return (tokens + block_tokens - 1) / block_tokens; }

// CacheCapacity::known_prefixes, or its default. Where a group sees everything, a prefix without a block in it is of no
// use, so there need not be more than blocks; otherwise prefixes outlive their blocks, and every sequence needs its
// own.
std::int64_t known_prefixes(const CacheCapacity& capacity);

// What is to run at the same time.
struct Demand {
  int sequences = 1;
  int context = 0;      // tokens of each
  int step_tokens = 1;  // the most that one step computes, of all sequences together
};

// How many blocks of a group with this window suffice for the demand, wherever the sequences stand; reservations that
// are kept beyond their step are not counted.
std::int64_t blocks_needed(int window, int block_tokens, const Demand& demand);

}  // namespace rocmforge::kv
