// A trie that finds all tokens that are prefixes of a text, in one walk over its bytes.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "text/token.h"

namespace rocmforge::text {

class TokenTrie {
 public:
  struct Entry {
    std::string_view text;
    TokenId id;
  };

  TokenTrie() = default;

  // Limits the length of a text, because a search walks up to this many steps at every position.
  static constexpr std::size_t kLongestText = 256;
  static constexpr std::size_t kMostNodes = std::size_t{1} << 24;

  // Throws Error if a text is longer than kLongestText or the texts need more than kMostNodes nodes. Empty texts are
  // skipped; among equal texts the one with the greatest id is found. The texts are not kept.
  explicit TokenTrie(std::vector<Entry> entries);

  bool empty() const { return nodes_.empty(); }

  // Returns whether any text begins with this byte.
  bool may_begin(unsigned char byte) const { return !nodes_.empty() && roots_[byte] != 0; }

  // Calls visit(length, id) for every text that is a prefix of `text`, the shortest first, until visit() returns false.
  template <typename Visit>
  void visit_prefixes(std::string_view text, Visit&& visit) const {
    if (text.empty() || nodes_.empty()) return;
    std::uint32_t node = roots_[static_cast<unsigned char>(text[0])];
    for (std::size_t length = 1; node != 0; ++length) {
      if (nodes_[node].id != kNoToken && !visit(length, nodes_[node].id)) return;
      if (length == text.size()) return;
      node = child(node, static_cast<unsigned char>(text[length]));
    }
  }

  // Returns the longest text that is a prefix of `text`; its length is 0 if there is none.
  std::pair<std::size_t, TokenId> longest(std::string_view text) const {
    std::pair<std::size_t, TokenId> found{0, kNoToken};
    visit_prefixes(text, [&](std::size_t length, TokenId id) {
      found = {length, id};
      return true;
    });
    return found;
  }

 private:
  // The children of a node are adjacent and sorted by byte. Index 0 means "no node".
  struct Node {
    std::uint32_t first_child = 0;
    std::uint16_t children = 0;
    unsigned char byte = 0;
    TokenId id = kNoToken;
  };

  std::uint32_t child(std::uint32_t node, unsigned char byte) const {
    std::uint32_t low = nodes_[node].first_child;
    std::uint32_t count = nodes_[node].children;
    while (count > 0) {
      const std::uint32_t half = count / 2;
      const unsigned char middle = nodes_[low + half].byte;
      if (middle == byte) return low + half;
      if (middle < byte) {
        low += half + 1;
        count -= half + 1;
      } else {
        count = half;
      }
    }
    return 0;
  }

  std::vector<Node> nodes_;
  std::array<std::uint32_t, 256> roots_{};
};

}  // namespace rocmforge::text
