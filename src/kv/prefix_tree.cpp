#include "kv/prefix_tree.h"

#include <algorithm>
#include <bit>
#include <random>

#include "base/error.h"

namespace rocmforge::kv {
namespace {

std::uint64_t random_seed() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

}  // namespace

// The multiplier is secret, too: with a known one, differences between tokens could be chosen to cancel out.
std::uint64_t hash_of(PrefixId parent, std::span<const TokenId> tokens, std::uint64_t seed) {
  const std::uint64_t multiplier = (seed * 0x9e3779b97f4a7c15) | 1;
  std::uint64_t hash = seed;
  const auto mix = [&](std::int32_t value) {
    hash = (hash ^ static_cast<std::uint32_t>(value)) * multiplier;
    hash ^= hash >> 29;
  };
  mix(parent);
  for (const TokenId token : tokens) mix(token);
  hash *= 0xbf58476d1ce4e5b9;
  return hash ^ hash >> 32;
}

PrefixTree::PrefixTree(const Size& size, PrefixHash hash)
    : block_tokens_(static_cast<std::size_t>(size.block_tokens)),
      pools_(static_cast<std::size_t>(size.pools)),
      hash_(hash),
      seed_(random_seed()),
      nodes_(static_cast<std::size_t>(size.prefixes) + 1),
      tokens_(nodes_.size() * block_tokens_),
      blocks_(nodes_.size() * pools_, kNoBlock),
      buckets_(std::bit_ceil(nodes_.size()), kNoPrefix),
      unused_(size.prefixes + 1) {
  nodes_[kEmptyPrefix].users = 1;
  for (PrefixId prefix = size.prefixes; prefix > kEmptyPrefix; --prefix) {
    nodes_[prefix].next = first_free_;
    first_free_ = prefix;
  }
}

std::span<const TokenId> PrefixTree::tokens(PrefixId prefix) const {
  return std::span(tokens_).subspan(static_cast<std::size_t>(prefix) * block_tokens_, block_tokens_);
}

std::size_t PrefixTree::bucket_of(PrefixId parent, std::span<const TokenId> tokens) const {
  return hash_(parent, tokens, seed_) & (buckets_.size() - 1);
}

PrefixId PrefixTree::find_in(std::size_t bucket, PrefixId parent, std::span<const TokenId> tokens) const {
  PrefixId prefix = buckets_[bucket];
  while (prefix != kNoPrefix &&
         (nodes_[prefix].parent != parent || !std::ranges::equal(this->tokens(prefix), tokens))) {
    prefix = nodes_[prefix].next;
  }
  return prefix;
}

PrefixId PrefixTree::find(PrefixId parent, std::span<const TokenId> tokens) const {
  return find_in(bucket_of(parent, tokens), parent, tokens);
}

PrefixId PrefixTree::find_or_add(PrefixId parent, std::span<const TokenId> tokens) {
  RF_CHECK(tokens.size() == block_tokens_);
  const std::size_t bucket = bucket_of(parent, tokens);
  if (const PrefixId known = find_in(bucket, parent, tokens); known != kNoPrefix) {
    use(known);
    return known;
  }
  RF_CHECK(!full());
  const PrefixId prefix = first_free_;
  first_free_ = nodes_[prefix].next;
  nodes_[prefix] = {.parent = parent, .next = buckets_[bucket], .bucket = bucket, .users = 1};
  buckets_[bucket] = prefix;
  ++nodes_[parent].children;
  std::ranges::copy(tokens, tokens_.begin() + static_cast<std::ptrdiff_t>(prefix * block_tokens_));
  return prefix;
}

void PrefixTree::use(PrefixId prefix) {
  if (nodes_[prefix].users++ == 0) unused_.remove(prefix);
}

void PrefixTree::release(PrefixId prefix) {
  RF_CHECK(nodes_[prefix].users > 0);
  if (--nodes_[prefix].users > 0) return;
  unused_.add(prefix);
  drop_if_useless(prefix);
}

void PrefixTree::set_block(PrefixId prefix, int pool, BlockId block) {
  RF_CHECK(this->block(prefix, pool) == kNoBlock);
  blocks_[place(prefix, pool)] = block;
  ++nodes_[prefix].blocks;
}

void PrefixTree::clear_block(PrefixId prefix, int pool) {
  RF_CHECK(block(prefix, pool) != kNoBlock);
  blocks_[place(prefix, pool)] = kNoBlock;
  --nodes_[prefix].blocks;
  drop_if_useless(prefix);
}

void PrefixTree::drop_if_useless(PrefixId prefix) {
  for (;;) {
    const Node& node = nodes_[prefix];
    if (node.users > 0 || node.children > 0 || node.blocks > 0) return;
    const PrefixId parent = node.parent;
    drop(prefix);
    prefix = parent;
  }
}

void PrefixTree::drop(PrefixId prefix) {
  Node& node = nodes_[prefix];
  PrefixId* link = &buckets_[node.bucket];
  while (*link != prefix) link = &nodes_[*link].next;
  *link = node.next;
  unused_.remove(prefix);
  --nodes_[node.parent].children;
  node.next = first_free_;
  first_free_ = prefix;
}

}  // namespace rocmforge::kv
