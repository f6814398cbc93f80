// Tests the record of present bytes, which decides what is fetched again and what is trusted.
#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "store/byte_ranges.h"

namespace rocmforge::store {
namespace {

TEST(ByteRanges, JoinWhatTouches) {
  ByteRanges ranges;
  ranges.add({10, 20});
  ranges.add({30, 40});
  ranges.add({5, 5});
  EXPECT_EQ(ranges.prefix(), 0u);
  ranges.add({20, 30});
  EXPECT_EQ(ranges.all(), (std::vector<ByteRange>{{10, 40}}));
  ranges.add({0, 12});
  EXPECT_EQ(ranges.prefix(), 40u);
  EXPECT_EQ(ranges.missing(50), (std::vector<ByteRange>{{40, 50}}));
  EXPECT_TRUE(ranges.missing(40).empty());
}

TEST(ByteRanges, AreASetOfBytes) {
  std::mt19937 random(3);
  for (int round = 0; round < 200; ++round) {
    ByteRanges ranges;
    std::vector<bool> there(64);
    for (int i = 0; i < 12; ++i) {
      const std::uint64_t begin = random() % 64;
      const std::uint64_t end = begin + random() % (65 - begin);
      ranges.add({begin, end});
      for (std::uint64_t at = begin; at < end; ++at) there[at] = true;
    }
    std::vector<bool> missing(64);
    for (const ByteRange& gap : ranges.missing(64)) {
      for (std::uint64_t at = gap.begin; at < gap.end; ++at) missing[at] = true;
    }
    std::uint64_t total = 0;
    for (std::size_t at = 0; at < 64; ++at) {
      EXPECT_NE(there[at], missing[at]);
      total += there[at] ? 1 : 0;
    }
    EXPECT_EQ(ranges.total(), total);
  }
}

}  // namespace
}  // namespace rocmforge::store
