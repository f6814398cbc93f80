// Which bytes of a file are there: ranges in order, with gaps between them.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

namespace rocmforge::store {

// From begin up to but not including end.
struct ByteRange {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;

  std::uint64_t size() const { return end - begin; }
  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

class ByteRanges {
 public:
  // Joined with what it touches.
  void add(ByteRange range);

  std::vector<ByteRange> all() const;
  std::uint64_t total() const;
  // How far they reach without a gap from the beginning.
  std::uint64_t prefix() const;
  // What lacks of a file of that size.
  std::vector<ByteRange> missing(std::uint64_t size) const;

 private:
  std::map<std::uint64_t, std::uint64_t> ranges_;  // begin to end; apart from each other
};

}  // namespace rocmforge::store
