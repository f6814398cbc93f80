// Tests how pre-tokenizers cut text.
#include "text/pretokenizers.h"

#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/cpu_time.h"
#include "support/expect_error.h"
#include "support/tiny_vocabulary.h"
#include "text/random_text.h"
#include "text/splitter.h"

namespace rocmforge::text {
namespace {

using testing::RandomText;
using testing::TinyVocabulary;

std::vector<std::string> pieces(const Splitter& splitter, std::string_view text) {
  MatchSpace space;
  std::vector<std::string> found;
  splitter.split(text, space, [&](std::string_view piece) { found.emplace_back(piece); });
  return found;
}

std::vector<std::string> pieces(std::string_view name, std::string_view text) {
  return pieces(Splitter(*find_pre_tokenizer(name)->split), text);
}

using Pieces = std::vector<std::string>;

TEST(PreTokenizers, NamesAreUniqueAndInOrder) {
  std::string_view before;
  for (const PreTokenizer& entry : pre_tokenizers()) {
    EXPECT_LT(before, entry.name);
    EXPECT_EQ(find_pre_tokenizer(entry.name), &entry);
    before = entry.name;
  }
  EXPECT_EQ(find_pre_tokenizer("no-such"), nullptr);
}

// Every expression compiles, and for any text the pieces together are the whole text.
TEST(PreTokenizers, EveryCutKeepsTheWholeText) {
  std::map<const SplitKind*, std::string_view> kinds;
  for (const PreTokenizer& entry : pre_tokenizers()) kinds.emplace(entry.split, entry.name);
  RandomText random(1);
  for (const auto& [kind, name] : kinds) {
    const Splitter splitter(*kind);
    for (int i = 0; i < 200; ++i) {
      const std::string text = random(1 + random.below(40));
      std::string joined;
      for (const std::string& piece : pieces(splitter, text)) {
        EXPECT_FALSE(piece.empty()) << name;
        joined += piece;
      }
      ASSERT_EQ(joined, text) << name;
    }
  }
}

// A run of white space without a line break at its end is searched once, not once for each of its pieces.
TEST(PreTokenizers, LongRunsOfSpacesAreNotQuadratic) {
  const std::string text = std::string(1 << 20, ' ') + "x";
  std::map<const SplitKind*, std::string_view> kinds;
  for (const PreTokenizer& entry : pre_tokenizers()) kinds.emplace(entry.split, entry.name);
  for (const auto& [kind, name] : kinds) {
    const double seconds = testing::cpu_seconds([&] { (void)pieces(Splitter(*kind), text); });
    EXPECT_LT(seconds, 1.0 * testing::kSlowdown) << name;
  }
}

// Tests the characteristic cuts of each family.
TEST(PreTokenizers, CutAsTheirModelsDo) {
  EXPECT_EQ(pieces("gpt-2", "I'll pay 12345 now!  "), (Pieces{"I", "'ll", " pay", " 12345", " now", "!", "  "}));
  EXPECT_EQ(pieces("llama-bpe", "I'LL pay 12345\n\n  x"),
            (Pieces{"I", "'LL", " pay", " ", "123", "45", "\n\n", " ", " x"}));
  EXPECT_EQ(pieces("qwen2", "pay 123"), (Pieces{"pay", " ", "1", "2", "3"}));
  EXPECT_EQ(pieces("starcoder", "x 12"), (Pieces{"x", " ", "1", "2"}));
  EXPECT_EQ(pieces("gpt-4o", "HTTPServer don't"), (Pieces{"HTTPServer", " don't"}));
  EXPECT_EQ(pieces("tekken", "HelloWorld"), (Pieces{"Hello", "World"}));
  EXPECT_EQ(pieces("kimi-k2", "abc漢字def"), (Pieces{"abc", "漢字", "def"}));
  EXPECT_EQ(pieces("deepseek-v3", "1234漢字abc"), (Pieces{"123", "4", "漢字", "abc"}));
  EXPECT_EQ(pieces("bloom", "a, b"), (Pieces{"a", ",", " b"}));
  EXPECT_EQ(pieces("superbpe", "a b 1234567"), (Pieces{"a b ", "1", "234", "567"}));
  EXPECT_EQ(pieces("afmoe", "12 3456"), (Pieces{"12", " ", "3", "456"}));
  EXPECT_EQ(pieces("gemma4", "a b\n\nc"), (Pieces{"a b", "\n\n", "c"}));
  EXPECT_EQ(pieces("whitespace", "a  b"), (Pieces{"a", "  ", "b"}));
  EXPECT_EQ(pieces("falcon", "a=12345"), (Pieces{"a", "=", "123", "45"}));
}

// Returns false for characters that only the newer of the two libraries' Unicode versions contains, since they are
// classified differently.
bool in_both_versions(std::string_view text) {
  static const Pattern assigned(R"(^\P{Cn}+$)");
  MatchSpace space;
  return assigned.find(text, 0, space).has_value();
}

// The hand-written scanners must cut exactly as the expressions that they replace.
TEST(PreTokenizers, ScannersAgreeWithTheirPatterns) {
  std::set<std::string_view> compared;
  RandomText random(2);
  for (const PreTokenizer& entry : pre_tokenizers()) {
    for (const SplitStep& step : entry.split->steps) {
      if (step.scan == nullptr || !compared.insert(step.pattern).second) continue;
      const SplitStep pattern_only = {step.pattern};
      const Splitter by_hand(SplitKind{{&step, 1}}), by_pattern(SplitKind{{&pattern_only, 1}});
      for (int i = 0; i < 20000; ++i) {
        const std::string text = random(1 + random.below(12));
        if (!in_both_versions(text)) continue;
        ASSERT_EQ(pieces(by_hand, text), pieces(by_pattern, text)) << entry.name << ": " << text;
      }
    }
  }
  EXPECT_EQ(compared.size(), 3u);
}

// An expression with endless backtracking is given up in time.
TEST(Pattern, GivesUpOnEndlessBacktracking) {
  const Pattern pattern("(?:a+)+b|(?:(?:a|aa)+)+c");
  MatchSpace space;
  EXPECT_ERROR(pattern.find(std::string(64, 'a'), 0, space), "given up");
}

TEST(Pattern, RefusesWhatIsNoExpression) { EXPECT_ERROR(Pattern("a(b"), "is not a regular expression"); }

TEST(Pattern, WhiteSpaceIsUnicodes) {
  MatchSpace space;
  const Pattern spaces(R"(\s+)"), others(R"(\S+)"), in_class(R"([^\s\p{L}]+)");
  EXPECT_EQ(spaces.find("\u180e\u0085\u2003x", 0, space), (TextRange{3, 8}));
  EXPECT_EQ(others.find("\u0085\u180e", 0, space), (TextRange{2, 5}));
  EXPECT_EQ(in_class.find("a \u0085!", 0, space), (TextRange{4, 5}));
}

TEST(PreTokenizers, AnUnknownNameIsAnErrorThatSaysWhatToDo) {
  const TinyVocabulary unknown = TinyVocabulary::byte_level("lama-bpe");
  EXPECT_ERROR(unknown.tokenizer(), "'tokenizer.ggml.pre' 'lama-bpe' is not a pre-tokenizer that is known here");
  EXPECT_ERROR(unknown.tokenizer(), "did you mean 'llama-bpe'?");
  EXPECT_ERROR(unknown.tokenizer(), "--pre-tokenizer NAME");
  EXPECT_EQ(unknown.tokenizer({.pre_tokenizer = "gpt-2"}).encode("ab").size(), 2u);
  EXPECT_ERROR(unknown.tokenizer({.pre_tokenizer = "x"}), "--pre-tokenizer 'x'");
}

}  // namespace
}  // namespace rocmforge::text
