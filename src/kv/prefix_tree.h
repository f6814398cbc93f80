// The tree of known prefixes of whole blocks. It stores the tokens of each prefix, and for each pool the block with the
// results of the prefix's last block of tokens.
//
// A prefix is its parent plus one more block of tokens. It is found by a hash and compared token by token: two prompts
// that collide, even on purpose, cost a comparison but never give a wrong answer. A parent outlives its children, so
// its number identifies it. A prefix that no sequence uses stays as long as it has a block or a child. Every operation
// takes constant time per block of tokens, and none allocates. Not thread-safe.
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

  // Returns the prefix of `parent` and one block of tokens, or kNoPrefix if it is not known.
  PrefixId find(PrefixId parent, std::span<const TokenId> tokens) const;

  // Like find(), but adds an unknown prefix. Requires: not full() if the prefix is unknown, and the caller uses the
  // prefix and its parent. A prefix without a block is dropped when it is released.
  PrefixId find_or_add(PrefixId parent, std::span<const TokenId> tokens);

  bool full() const { return first_free_ == kNoPrefix; }

  // A sequence uses all prefixes that it begins with. It must release the longest first.
  void use(PrefixId prefix);
  void release(PrefixId prefix);

  // Returns the prefix that was released first, which has blocks but no children, or kNoPrefix if all are in use. It is
  // dropped when its blocks are cleared.
  PrefixId least_recently_used() const { return unused_.oldest(); }

  // Returns the last block of tokens of a prefix. Requires: it is not the empty prefix.
  std::span<const TokenId> tokens(PrefixId prefix) const;
  BlockId block(PrefixId prefix, int pool) const { return blocks_[place(prefix, pool)]; }
  void set_block(PrefixId prefix, int pool, BlockId block);
  // May drop the prefix, and parents that only it kept alive.
  void clear_block(PrefixId prefix, int pool);

 private:
  struct Node {
    PrefixId parent = kNoPrefix;
    PrefixId next = kNoPrefix;  // in the bucket's list, or in the list of free nodes
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
  std::uint64_t seed_;           // random for each tree, so that no request can know which prompts collide
  std::vector<Node> nodes_;      // [0] is the empty prefix
  std::vector<TokenId> tokens_;  // [prefix, block_tokens]
  std::vector<BlockId> blocks_;  // [prefix, pool]
  std::vector<PrefixId> buckets_;
  RecencyList unused_;
  PrefixId first_free_ = kNoPrefix;
};

}  // namespace rocmforge::kv
