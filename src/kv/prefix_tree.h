// Known prefixes of whole blocks: which tokens they are, and in which block of each pool what was computed for their
// last block can be found.
//
// A prefix is its parent and one more block of tokens. It is found by a hash and compared in full, token by token: two
// prompts made to collide cost a comparison, never a wrong answer. A parent outlives its children, so its number is
// their identity. A prefix that no sequence uses stays as long as it has a block or a child. Every operation takes
// constant time (per block of tokens), and none allocates. Not thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kv/ids.h"
#include "kv/recency_list.h"

namespace rocmforge::kv {

using PrefixHash = std::uint64_t (*)(PrefixId parent, std::span<const TokenId> tokens, std::uint64_t seed);

std::uint64_t hash_of(PrefixId parent, std::span<const TokenId> tokens, std::uint64_t seed);

class PrefixTree {
 public:
  struct Size {
    int prefixes = 0;
    int block_tokens = 0;
    int pools = 0;
  };

  explicit PrefixTree(const Size& size, PrefixHash hash = &hash_of);

  // The prefix that is `parent` and these tokens (one block of them); kNoPrefix if it is not known.
  PrefixId find(PrefixId parent, std::span<const TokenId> tokens) const;

  // As find(), but adds an unknown one, which needs room: see full(). The caller uses it and its parent; without a
  // block it is gone once it is released.
  PrefixId find_or_add(PrefixId parent, std::span<const TokenId> tokens);

  bool full() const { return first_free_ == kNoPrefix; }

  // A sequence uses all prefixes that it begins with, and releases the longest first.
  void use(PrefixId prefix);
  void release(PrefixId prefix);

  // The one that was released first; it has blocks and no children. kNoPrefix if all are in use. Without its blocks it
  // is gone.
  PrefixId least_recently_used() const { return unused_.oldest(); }

  // Of any prefix but the empty one.
  std::span<const TokenId> tokens(PrefixId prefix) const;
  BlockId block(PrefixId prefix, int pool) const { return blocks_[place(prefix, pool)]; }
  void set_block(PrefixId prefix, int pool, BlockId block);
  // May be the end of the prefix, and of parents that were there for its sake only.
  void clear_block(PrefixId prefix, int pool);

 private:
  struct Node {
    PrefixId parent = kNoPrefix;
    PrefixId next = kNoPrefix;  // in the bucket, or among the free ones
    std::size_t bucket = 0;
    int users = 0;
    int children = 0;
    int blocks = 0;
  };

  std::size_t place(PrefixId prefix, int pool) const { return static_cast<std::size_t>(prefix) * pools_ + pool; }
  std::size_t bucket_of(PrefixId parent, std::span<const TokenId> tokens) const;
  PrefixId find_in(std::size_t bucket, PrefixId parent, std::span<const TokenId> tokens) const;
  void drop_if_useless(PrefixId prefix);
  void drop(PrefixId prefix);

  std::size_t block_tokens_;
  std::size_t pools_;
  PrefixHash hash_;
  std::uint64_t seed_;           // drawn anew for each tree, so that no request can know which prompts collide
  std::vector<Node> nodes_;      // [0] is the empty prefix
  std::vector<TokenId> tokens_;  // [prefix, block_tokens]
  std::vector<BlockId> blocks_;  // [prefix, pool]
  std::vector<PrefixId> buckets_;
  RecencyList unused_;
  PrefixId first_free_ = kNoPrefix;
};

}  // namespace rocmforge::kv
