#include "store/byte_ranges.h"

#include <algorithm>
#include <iterator>

namespace rocmforge::store {

void ByteRanges::add(ByteRange range) {
  if (range.begin >= range.end) return;
  auto next = ranges_.upper_bound(range.begin);
  if (next != ranges_.begin() && std::prev(next)->second >= range.begin) {
    --next;
    range.begin = next->first;
  }
  while (next != ranges_.end() && next->first <= range.end) {
    range.end = std::max(range.end, next->second);
    next = ranges_.erase(next);
  }
  ranges_.emplace(range.begin, range.end);
}

std::vector<ByteRange> ByteRanges::all() const {
  std::vector<ByteRange> list;
  for (const auto& [begin, end] : ranges_) list.push_back({begin, end});
  return list;
}

std::uint64_t ByteRanges::total() const {
  std::uint64_t sum = 0;
  for (const auto& [begin, end] : ranges_) sum += end - begin;
  return sum;
}

std::uint64_t ByteRanges::prefix() const {
  return !ranges_.empty() && ranges_.begin()->first == 0 ? ranges_.begin()->second : 0;
}

std::vector<ByteRange> ByteRanges::missing(std::uint64_t size) const {
  std::vector<ByteRange> gaps;
  std::uint64_t at = 0;
  for (const auto& [begin, end] : ranges_) {
    if (begin >= size) break;
    if (begin > at) gaps.push_back({at, begin});
    at = end;
  }
  if (at < size) gaps.push_back({at, size});
  return gaps;
}

}  // namespace rocmforge::store
