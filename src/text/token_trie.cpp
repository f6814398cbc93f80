#include "text/token_trie.h"

#include <algorithm>

#include "base/error.h"

namespace rocmforge::text {

TokenTrie::TokenTrie(std::vector<Entry> entries) {
  std::erase_if(entries, [](const Entry& entry) { return entry.text.empty(); });
  if (entries.empty()) return;
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return std::pair(a.text, a.id) < std::pair(b.text, b.id); });

  for (const Entry& entry : entries) {
    if (entry.text.size() <= kLongestText) continue;
    throw error(ErrorCode::kTooLarge, "token {} has {} bytes, which is too long to search for: at most {}", entry.id,
                entry.text.size(), kLongestText);
  }

  // A node corresponds to a range of sorted entries that agree in their first `depth` bytes.
  struct Range {
    std::uint32_t node;
    std::size_t begin, end, depth;
  };
  nodes_.resize(1);
  std::vector<Range> ranges = {{0, 0, entries.size(), 0}};
  while (!ranges.empty()) {
    const Range range = ranges.back();
    ranges.pop_back();
    std::size_t at = range.begin;
    while (at < range.end && entries[at].text.size() == range.depth) nodes_[range.node].id = entries[at++].id;
    nodes_[range.node].first_child = static_cast<std::uint32_t>(nodes_.size());
    while (at < range.end) {
      const char byte = entries[at].text[range.depth];
      std::size_t end = at;
      while (end < range.end && entries[end].text[range.depth] == byte) ++end;
      ++nodes_[range.node].children;
      ranges.push_back({static_cast<std::uint32_t>(nodes_.size()), at, end, range.depth + 1});
      nodes_.push_back({.byte = static_cast<unsigned char>(byte)});
      at = end;
    }
    if (nodes_.size() > kMostNodes) {
      throw error(ErrorCode::kTooLarge, "the vocabulary's tokens are too many or too long to search for");
    }
  }
  for (std::uint32_t i = 0; i < nodes_[0].children; ++i) {
    const std::uint32_t node = nodes_[0].first_child + i;
    roots_[nodes_[node].byte] = node;
  }
}

}  // namespace rocmforge::text
