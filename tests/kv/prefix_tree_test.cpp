// Tests the index of cached prefixes.
#include "kv/prefix_tree.h"

#include <set>
#include <vector>

#include <gtest/gtest.h>

namespace rocmforge::kv {
namespace {

using Tokens = std::vector<TokenId>;

std::uint64_t same_for_all(PrefixId, std::span<const TokenId>, std::uint64_t) { return 42; }

// An attacker who can choose tokens with colliding hashes must not get another user's text.
TEST(PrefixTree, TellsCollidingPrefixesApart) {
  PrefixTree tree({.prefixes = 8, .block_tokens = 2, .pools = 1}, &same_for_all);
  const PrefixId a = tree.find_or_add(kEmptyPrefix, Tokens{1, 2});
  EXPECT_EQ(tree.find(kEmptyPrefix, Tokens{2, 1}), kNoPrefix);
  const PrefixId b = tree.find_or_add(kEmptyPrefix, Tokens{2, 1});
  const PrefixId c = tree.find_or_add(a, Tokens{2, 1});
  const PrefixId d = tree.find_or_add(kEmptyPrefix, Tokens{1, 3});
  EXPECT_EQ(std::set({a, b, c, d}).size(), 4u);
  EXPECT_EQ(tree.find(kEmptyPrefix, Tokens{1, 2}), a);
  EXPECT_EQ(tree.find(kEmptyPrefix, Tokens{2, 1}), b);
  EXPECT_EQ(tree.find(a, Tokens{2, 1}), c);
  EXPECT_EQ(tree.find(b, Tokens{2, 1}), kNoPrefix);
  tree.release(b);
  EXPECT_EQ(tree.find(kEmptyPrefix, Tokens{2, 1}), kNoPrefix);
  EXPECT_EQ(tree.find(kEmptyPrefix, Tokens{1, 2}), a);
  EXPECT_EQ(tree.find(kEmptyPrefix, Tokens{1, 3}), d);
}

// The same words after another beginning have other keys and values.
TEST(PrefixTree, TakesTheBeginningIntoAccount) {
  PrefixTree tree({.prefixes = 8, .block_tokens = 1, .pools = 1});
  const PrefixId a = tree.find_or_add(kEmptyPrefix, Tokens{1});
  const PrefixId b = tree.find_or_add(kEmptyPrefix, Tokens{2});
  const PrefixId after_a = tree.find_or_add(a, Tokens{3});
  EXPECT_EQ(tree.find(b, Tokens{3}), kNoPrefix);
  EXPECT_NE(tree.find_or_add(b, Tokens{3}), after_a);
  EXPECT_EQ(tree.find_or_add(a, Tokens{3}), after_a);
  EXPECT_EQ(tree.tokens(after_a)[0], 3);
}

// With a known seed, prompts could be crafted that all fall into one bucket and slow everybody down.
TEST(PrefixTree, HashesDependOnTheSeedTheParentAndEveryToken) {
  const Tokens tokens = {1, 2, 3};
  std::set<std::uint64_t> hashes = {hash_of(0, tokens, 5), hash_of(0, tokens, 6), hash_of(1, tokens, 5)};
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    Tokens changed = tokens;
    changed[i] = 9;
    hashes.insert(hash_of(0, changed, 5));
  }
  EXPECT_EQ(hashes.size(), 6u);
}

// A parent's number identifies its children; if it were reused for another prefix, they would be found under that
// prefix.
TEST(PrefixTree, KeepsParentsForTheirChildren) {
  PrefixTree tree({.prefixes = 2, .block_tokens = 1, .pools = 1});
  const PrefixId parent = tree.find_or_add(kEmptyPrefix, Tokens{1});
  const PrefixId child = tree.find_or_add(parent, Tokens{2});
  tree.set_block(child, 0, 5);
  tree.release(child);
  tree.release(parent);
  EXPECT_TRUE(tree.full());
  EXPECT_EQ(tree.find(tree.find(kEmptyPrefix, Tokens{1}), Tokens{2}), child);
  EXPECT_EQ(tree.block(child, 0), 5);
  tree.clear_block(child, 0);  // and both are gone
  EXPECT_EQ(tree.find(kEmptyPrefix, Tokens{1}), kNoPrefix);
  tree.find_or_add(tree.find_or_add(kEmptyPrefix, Tokens{3}), Tokens{4});
  EXPECT_TRUE(tree.full());
}

TEST(PrefixTree, NamesTheOneUnusedForLongest) {
  PrefixTree tree({.prefixes = 3, .block_tokens = 1, .pools = 2});
  std::vector<PrefixId> prefixes;
  for (const TokenId token : {1, 2, 3}) {
    prefixes.push_back(tree.find_or_add(kEmptyPrefix, Tokens{token}));
    tree.set_block(prefixes.back(), 1, token);
  }
  EXPECT_EQ(tree.least_recently_used(), kNoPrefix);
  for (const int i : {1, 0, 2}) tree.release(prefixes[i]);
  EXPECT_EQ(tree.least_recently_used(), prefixes[1]);
  tree.use(prefixes[1]);
  EXPECT_EQ(tree.least_recently_used(), prefixes[0]);
  tree.release(prefixes[1]);
  tree.clear_block(prefixes[0], 1);
  EXPECT_EQ(tree.least_recently_used(), prefixes[2]);
}

}  // namespace
}  // namespace rocmforge::kv
