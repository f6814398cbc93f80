// Records which bytes of a file are present, as ordered ranges with gaps between them.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

namespace rocmforge::store {

// The bytes from `begin` up to but not including `end`.
struct ByteRange {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;

  std::uint64_t size() const { return end - begin; }
  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

class ByteRanges {
 public:
  // Adds a range and joins it with the ranges that it touches.
  void add(ByteRange range);

  std::vector<ByteRange> all() const;
  std::uint64_t total() const;
  // Returns the number of bytes present from the beginning without a gap.
  std::uint64_t prefix() const;
  // Returns the missing ranges of a file of that size.
  std::vector<ByteRange> missing(std::uint64_t size) const;

 private:
  std::map<std::uint64_t, std::uint64_t> ranges_;  // begin to end; with gaps between them
};

}  // namespace rocmforge::store
