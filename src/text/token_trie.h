// Finds the tokens that a text begins with, in one walk over its bytes.
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

  // A walk takes as many steps as the longest text has bytes, at every place of what is searched.
  static constexpr std::size_t kLongestText = 256;
  static constexpr std::size_t kMostNodes = std::size_t{1} << 24;

  // A longer text, or more of them than kMostNodes hold, is an Error. Empty texts are left out; of equal texts that of
  // the greatest id is found. The texts are not kept.
  explicit TokenTrie(std::vector<Entry> entries);

  bool empty() const { return nodes_.empty(); }

  // Whether any text begins with this byte.
  bool may_begin(unsigned char byte) const { return !nodes_.empty() && roots_[byte] != 0; }

  // Calls visit(length, id) for every text that `text` begins with, the shortest first. One that answers false ends it.
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

  // The longest text that `text` begins with; length 0 when there is none.
  std::pair<std::size_t, TokenId> longest(std::string_view text) const {
    std::pair<std::size_t, TokenId> found{0, kNoToken};
    visit_prefixes(text, [&](std::size_t length, TokenId id) {
      found = {length, id};
      return true;
    });
    return found;
  }

 private:
  // Children lie side by side, in the order of their bytes. Node 0 stands for none.
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
