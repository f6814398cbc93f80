// Tests that a reply ends exactly before its stop string, however the tokens are divided, and does not lose text that
// only resembles one.
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "engine/stop_strings.h"

namespace rocmforge::engine {
namespace {

struct Read {
  std::string text;
  std::string found;
  bool operator==(const Read&) const = default;
};

Read read(const std::vector<std::string>& stops, const std::vector<std::string>& pieces) {
  StopStrings strings(stops);
  Read result;
  for (const std::string& piece : pieces) {
    if (strings.feed(piece, result.text)) {
      result.found = strings.found();
      return result;
    }
  }
  strings.finish(result.text);
  return result;
}

TEST(StopStrings, EndTheTextBeforeThem) {
  EXPECT_EQ(read({"END"}, {"one END two"}), (Read{"one ", "END"}));
  EXPECT_EQ(read({"END"}, {"one E", "N", "D two"}), (Read{"one ", "END"}));
  EXPECT_EQ(read({"END"}, {"one E", "N", "C two"}), (Read{"one ENC two", ""}));
  EXPECT_EQ(read({"END"}, {"one EN"}), (Read{"one EN", ""})) << "the text ended first";
}

TEST(StopStrings, TheFirstToBeCompleteCountsAndOfThoseThatEndTogetherTheLongest) {
  EXPECT_EQ(read({"later", "now"}, {"it is now or later"}), (Read{"it is ", "now"}));
  EXPECT_EQ(read({"abcd", "bc"}, {"xab", "cd"}), (Read{"xa", "bc"}));
  EXPECT_EQ(read({"c", "abc"}, {"xab", "cd"}), (Read{"x", "abc"}));
  EXPECT_EQ(read({"abc", "ab"}, {"xabc"}), (Read{"x", "ab"}));
  EXPECT_EQ(read({"aab"}, {"aa", "ab"}), (Read{"a", "aab"})) << "begins again within itself";
}

TEST(StopStrings, HoldBackNoMoreThanNeeded) {
  StopStrings strings({"</answer>"});
  std::string text;
  strings.feed("5 < 7 and </an", text);
  EXPECT_EQ(text, "5 < 7 and ");
  strings.feed("d>", text);
  EXPECT_EQ(text, "5 < 7 and </and>");
}

TEST(StopStrings, EmptyOnesAreNone) { EXPECT_EQ(read({"", ""}, {"a", "b"}), (Read{"ab", ""})); }

// The division of a text into tokens must not have an effect.
TEST(StopStrings, DoNotDependOnTheCuts) {
  EXPECT_TRUE(rc::check([] {
    const auto letter = rc::gen::element('a', 'b', 'c');
    const auto text = *rc::gen::container<std::string>(letter);
    const auto stops = *rc::gen::container<std::vector<std::string>>(rc::gen::container<std::string>(letter));
    std::vector<std::string> pieces;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t length = *rc::gen::inRange<std::size_t>(1, 4);
      pieces.push_back(text.substr(at, length));
      at += length;
    }
    // The definition: the stop string that ends first, and of those the longest.
    Read expected{text, ""};
    for (std::size_t end = 1; end <= text.size() && expected.found.empty(); ++end) {
      for (const std::string& stop : stops) {
        if (text.substr(0, end).ends_with(stop) && stop.size() > expected.found.size()) {
          expected = {text.substr(0, end - stop.size()), stop};
        }
      }
    }
    RC_ASSERT(read(stops, pieces) == expected);
  }));
}

}  // namespace
}  // namespace rocmforge::engine
