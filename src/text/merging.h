// Merges neighbours by rank, the core of byte-pair encoding and of SentencePiece's variant. While any two neighbours
// can merge, the pair with the lowest rank is merged; among equal ranks, the leftmost pair.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace rocmforge::text {

using Symbol = std::uint32_t;

inline constexpr std::uint32_t kNoRank = UINT32_MAX;

struct Merge {
  std::uint32_t rank = kNoRank;  // kNoRank: the pair does not merge
  Symbol result = 0;
};

// A range of the text and the symbol it has become so far.
struct Part {
  Symbol symbol = 0;
  std::uint32_t begin = 0;
  std::uint32_t size = 0;
};

// Performs merges. Keeps its memory from one use to the next.
class Merger {
 public:
  // Merges `parts`, which are neighbours in order; on return they are the parts that remain. merge_of(left, right)
  // returns the Merge of two neighbouring parts. Takes O(n log n) in the number of parts.
  template <typename MergeOf>
  void merge(std::vector<Part>& parts, MergeOf&& merge_of) {
    if (parts.size() <= kFewParts) {
      merge_few(parts, merge_of);
    } else {
      merge_many(parts, merge_of);
    }
  }

 private:
  // Up to this many parts, scanning all of them for the lowest rank costs less than keeping a heap.
  static constexpr std::size_t kFewParts = 48;

  static void join(Part& left, const Part& right, Symbol result) {
    left.symbol = result;
    left.size += right.size;
  }

  template <typename MergeOf>
  void merge_few(std::vector<Part>& parts, MergeOf& merge_of) {
    merges_.clear();
    for (std::size_t i = 0; i + 1 < parts.size(); ++i) merges_.push_back(merge_of(parts[i], parts[i + 1]));
    while (!merges_.empty()) {
      const auto lowest = std::min_element(merges_.begin(), merges_.end(),
                                           [](const Merge& a, const Merge& b) { return a.rank < b.rank; });
      if (lowest->rank == kNoRank) return;
      const auto i = static_cast<std::size_t>(lowest - merges_.begin());
      join(parts[i], parts[i + 1], lowest->result);
      parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(i) + 1);
      merges_.erase(lowest);
      if (i > 0) merges_[i - 1] = merge_of(parts[i - 1], parts[i]);
      if (i < merges_.size()) merges_[i] = merge_of(parts[i], parts[i + 1]);
    }
  }

  template <typename MergeOf>
  void merge_many(std::vector<Part>& parts, MergeOf& merge_of) {
    const auto count = static_cast<std::uint32_t>(parts.size());
    nodes_.clear();
    heap_.clear();
    for (std::uint32_t i = 0; i < count; ++i) {
      const Merge merge = i + 1 < count ? merge_of(parts[i], parts[i + 1]) : Merge();
      nodes_.push_back({i - 1, i + 1, merge});
      if (merge.rank != kNoRank) heap_.push_back(key(merge.rank, i));
    }
    std::make_heap(heap_.begin(), heap_.end(), std::greater<>());
    while (!heap_.empty()) {
      std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
      const std::uint64_t lowest = heap_.back();
      heap_.pop_back();
      const auto left = static_cast<std::uint32_t>(lowest);
      Node& node = nodes_[left];
      // The entry is stale if a neighbour has merged since it was added.
      if (node.merge.rank == kNoRank || node.merge.rank != lowest >> 32) continue;

      const std::uint32_t right = node.next;
      join(parts[left], parts[right], node.merge.result);
      parts[right].size = 0;
      nodes_[right].merge = {};
      node.next = nodes_[right].next;
      if (node.next < count) nodes_[node.next].previous = left;
      const auto reconsider = [&](std::uint32_t i) {
        Node& changed = nodes_[i];
        changed.merge = changed.next < count ? merge_of(parts[i], parts[changed.next]) : Merge();
        if (changed.merge.rank == kNoRank) return;
        heap_.push_back(key(changed.merge.rank, i));
        std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
      };
      reconsider(left);
      if (node.previous < count) reconsider(node.previous);
    }
    std::erase_if(parts, [](const Part& part) { return part.size == 0; });
  }

  static std::uint64_t key(std::uint32_t rank, std::uint32_t position) { return std::uint64_t{rank} << 32 | position; }

  struct Node {
    std::uint32_t previous;  // UINT32_MAX if there is none
    std::uint32_t next;
    Merge merge;  // of this part with the next one
  };
  std::vector<Merge> merges_;
  std::vector<Node> nodes_;
  std::vector<std::uint64_t> heap_;
};

}  // namespace rocmforge::text
