// Hash table from a pair of neighbouring symbols to its merge: the rank and the resulting symbol.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "text/merging.h"
#include "text/string_index.h"

namespace rocmforge::text {

class PairTable {
 public:
  explicit PairTable(std::size_t capacity = 0)
      : seed_(random_seed()), mask_(std::bit_ceil(capacity + capacity / 2 + 16) - 1), slots_(mask_ + 1) {}

  // Adds a pair. If the pair is already present, the first rank is kept.
  void add(Symbol left, Symbol right, Merge merge) {
    Slot& slot = slots_[place(left, right)];
    if (slot.merge.rank == kNoRank) slot = {left, right, merge};
  }

  Merge find(Symbol left, Symbol right) const { return slots_[place(left, right)].merge; }

 private:
  struct Slot {
    Symbol left = 0;
    Symbol right = 0;
    Merge merge;
  };

  // Returns the slot that holds the pair, or the free slot where it would go. The seed is random for each table, so
  // that no file can be crafted whose pairs all collide.
  std::size_t place(Symbol left, Symbol right) const {
    const std::uint64_t pair = std::uint64_t{left} << 32 | right;
    std::uint64_t hash = (pair ^ seed_) * (seed_ | 1);
    hash = (hash ^ hash >> 32) * 0x9e3779b97f4a7c15;
    hash = (hash ^ hash >> 29) * 0xbf58476d1ce4e5b9;
    for (std::size_t at = hash >> 20 & mask_;; at = (at + 1) & mask_) {
      const Slot& slot = slots_[at];
      if (slot.merge.rank == kNoRank || (slot.left == left && slot.right == right)) return at;
    }
  }

  std::uint64_t seed_;
  std::size_t mask_;
  std::vector<Slot> slots_;
};

}  // namespace rocmforge::text
