// Tests each kind of vocabulary on texts small enough to follow by hand.
#include "text/tokenizer.h"

#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "support/expect_error.h"
#include "support/tiny_vocabulary.h"
#include "text/random_text.h"

namespace rocmforge::text {
namespace {

using testing::RandomText;
using testing::raw;
using testing::TinyVocabulary;
using Ids = std::vector<TokenId>;

constexpr EncodeOptions kPlain = {.add_special = AddSpecial::kNo};
constexpr EncodeOptions kParsed = {.add_special = AddSpecial::kNo, .parse_special = true};

TinyVocabulary hello_vocabulary() {
  TinyVocabulary vocabulary = TinyVocabulary::byte_level();
  vocabulary.merge("l", "l").merge("h", "e").merge("he", "ll").merge("hell", "o").merge("Ġ", "w");
  vocabulary.control("<s>").control("</s>").user_defined("<tool>").control("<|x|>").control("<|x|>y");
  vocabulary.file().number<std::uint32_t>("tokenizer.ggml.bos_token_id", 261);
  vocabulary.file().number<std::uint32_t>("tokenizer.ggml.eos_token_id", 262);
  return vocabulary;
}

TEST(BytePair, MergesTheLowestRankFirst) {
  const TinyVocabulary vocabulary = hello_vocabulary();
  const Tokenizer tokenizer = vocabulary.tokenizer();
  const auto id = [&](std::string_view text) { return vocabulary.id(text); };
  EXPECT_EQ(tokenizer.encode("hello world", kPlain), (Ids{id("hello"), id("Ġw"), id("o"), id("r"), id("l"), id("d")}));
  EXPECT_EQ(tokenizer.encode("", kPlain), Ids{});
}

// Long and short words use different merge algorithms.
TEST(BytePair, LongAndShortWordsMergeAlike) {
  TinyVocabulary vocabulary = TinyVocabulary::byte_level();
  vocabulary.merge("a", "b").merge("b", "a").merge("ab", "ab").merge("a", "a").merge("abab", "a").merge("ba", "ab");
  const Tokenizer tokenizer = vocabulary.tokenizer();
  // A slow implementation of the rules: of all pairs that merge, take the lowest rank, and of those the leftmost.
  const std::vector<std::pair<std::string, std::string>> merges = {{"a", "b"}, {"b", "a"},    {"ab", "ab"},
                                                                   {"a", "a"}, {"abab", "a"}, {"ba", "ab"}};
  const auto slowly = [&](const std::string& word) {
    std::vector<std::string> parts;
    for (const char c : word) parts.emplace_back(1, c);
    for (;;) {
      std::size_t best = merges.size(), at = 0;
      for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
        for (std::size_t rank = 0; rank < best; ++rank) {
          if (merges[rank] == std::pair(parts[i], parts[i + 1])) best = rank, at = i;
        }
      }
      if (best == merges.size()) break;
      parts[at] += parts[at + 1];
      parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(at) + 1);
    }
    Ids ids;
    for (const std::string& part : parts) ids.push_back(vocabulary.id(part));
    return ids;
  };
  RandomText random(3);
  for (int i = 0; i < 300; ++i) {
    std::string word;
    for (std::size_t length = 1 + random.below(150); length > 0; --length) word += random.below(3) == 0 ? 'b' : 'a';
    ASSERT_EQ(tokenizer.encode(word, kPlain), slowly(word)) << word;
  }
}

TEST(BytePair, AMalformedMergeIsNamed) {
  TinyVocabulary vocabulary = TinyVocabulary::byte_level();
  vocabulary.file().strings("tokenizer.ggml.merges", {"a b", "nospace"});
  EXPECT_ERROR(vocabulary.tokenizer(), "'tokenizer.ggml.merges': entry 1 is 'nospace'");
}

// With ignore_merges a word that is a token is used whole, even if no merges produce it.
TEST(BytePair, TakesWholeWordsWhereTheModelDoes) {
  TinyVocabulary vocabulary = TinyVocabulary::byte_level("llama-bpe");
  vocabulary.token("Ġwhole");
  EXPECT_EQ(vocabulary.tokenizer().encode(" whole", kPlain), Ids{vocabulary.id("Ġwhole")});
  EXPECT_EQ(vocabulary.tokenizer({.pre_tokenizer = "gpt-2"}).encode(" whole", kPlain).size(), 6u);
}

// If merges stop at a text that is not a token, it becomes byte tokens.
TEST(BytePair, WhatIsNoTokenIsItsBytes) {
  TinyVocabulary vocabulary = TinyVocabulary::byte_level();
  vocabulary.token("abc");
  vocabulary.file().strings("tokenizer.ggml.merges", {"a b", "ab c"});
  const Tokenizer tokenizer = vocabulary.tokenizer();
  EXPECT_EQ(tokenizer.encode("abc", kPlain), Ids{vocabulary.id("abc")});
  EXPECT_EQ(tokenizer.encode("ab", kPlain), (Ids{vocabulary.id("a"), vocabulary.id("b")}));
}

TEST(Special, ControlTokensAreTakenOnlyWhereAsked) {
  const TinyVocabulary vocabulary = hello_vocabulary();
  const Tokenizer tokenizer = vocabulary.tokenizer();
  EXPECT_EQ(tokenizer.encode("<s>hello", kParsed), (Ids{261, vocabulary.id("hello")}));
  EXPECT_EQ(tokenizer.decode(tokenizer.encode("<s>hello", kPlain)), "<s>hello");
  EXPECT_EQ(tokenizer.encode("<s>", kPlain).size(), 3u);
  EXPECT_EQ(tokenizer.encode("a<tool>", kPlain).back(), vocabulary.id("<tool>")) << "user-defined: anywhere";
  EXPECT_EQ(tokenizer.encode("<|x|>y", kParsed), Ids{vocabulary.id("<|x|>y")}) << "the longest";
}

// No word and no merge may produce a control token.
TEST(Special, MergesNeverMakeAControlToken) {
  TinyVocabulary vocabulary = TinyVocabulary::byte_level("llama-bpe");
  vocabulary.control("ab");
  vocabulary.file().strings("tokenizer.ggml.merges", {"a b"});
  EXPECT_EQ(vocabulary.tokenizer().encode("ab", kPlain), (Ids{vocabulary.id("a"), vocabulary.id("b")}));

  // A byte that no other token covers must not produce one either.
  TinyVocabulary odd("gpt2");
  odd.file().string("tokenizer.ggml.pre", "gpt-2");
  odd.control("x").token("y");
  EXPECT_EQ(odd.tokenizer().encode("xyx", kPlain), Ids{odd.id("y")});

  TinyVocabulary pieces("llama");
  pieces.token("<unk>", TokenType::kUnknown).control("<s>").control("</s>").bytes().token("<").token("s").token(">");
  pieces.token("<s", TokenType::kNormal, -1).file().boolean("tokenizer.ggml.add_space_prefix", 0);
  EXPECT_EQ(pieces.tokenizer().encode("<s>", kPlain), (Ids{pieces.id("<s"), pieces.id(">")}));
}

// Text of a message never becomes a control token, not even in part.
TEST(Special, DataIsNeverParsed) {
  const TinyVocabulary vocabulary = hello_vocabulary();
  const Tokenizer tokenizer = vocabulary.tokenizer();
  const std::string text = "<s>a<s>b<s>";
  const std::vector<TextRange> second = {{4, 7}};
  const auto count_bos = [&](std::span<const TextRange> data) {
    const Ids ids = tokenizer.encode(text, {.add_special = AddSpecial::kNo, .parse_special = true, .data = data});
    EXPECT_EQ(tokenizer.decode(ids), text);
    return std::count(ids.begin(), ids.end(), 261);
  };
  EXPECT_EQ(count_bos({}), 3);
  EXPECT_EQ(count_bos(second), 2);
  EXPECT_EQ(count_bos(std::vector<TextRange>{{0, 1}, {5, 6}, {10, 11}}), 0) << "a single byte of each is data";
  EXPECT_EQ(count_bos(std::vector<TextRange>{{3, 4}, {7, 8}}), 3) << "what lies between is not";
}

TEST(Special, SurroundingsAreAddedWhereTheVocabularyAsksAndToPromptsNotTwice) {
  TinyVocabulary both("gpt2");
  both.file().string("tokenizer.ggml.pre", "gpt-2");
  both.file().boolean("tokenizer.ggml.add_bos_token", 1).boolean("tokenizer.ggml.add_eos_token", 1);
  both.file()
      .number<std::uint32_t>("tokenizer.ggml.bos_token_id", 0)
      .number<std::uint32_t>("tokenizer.ggml.eos_token_id", 1);
  both.control("<s>").control("</s>").token("a");
  const Tokenizer tokenizer = both.tokenizer();
  EXPECT_EQ(tokenizer.encode("a"), (Ids{0, 2, 1}));
  EXPECT_EQ(tokenizer.encode("<s>a</s>", {.parse_special = true}), (Ids{0, 0, 2, 1, 1}));
  EXPECT_EQ(tokenizer.encode("<s>a", {.add_special = AddSpecial::kPrompt, .parse_special = true}), (Ids{0, 2}));
  EXPECT_EQ(tokenizer.encode("a", {.add_special = AddSpecial::kPrompt}), (Ids{0, 2}));
  EXPECT_EQ(tokenizer.encode("", {.add_special = AddSpecial::kPrompt}), Ids{0});
}

TEST(Special, Phi3sTokensSwallowTheWhiteSpaceAfterThem) {
  TinyVocabulary vocabulary = hello_vocabulary();
  vocabulary.file().string("general.name", "Phi-3 mini");
  const Tokenizer tokenizer = vocabulary.tokenizer();
  EXPECT_EQ(tokenizer.encode("<|x|> \nhello", kParsed), (Ids{vocabulary.id("<|x|>"), vocabulary.id("hello")}));
  EXPECT_EQ(tokenizer.encode("<s> w", kParsed), (Ids{261, vocabulary.id("Ġw")}));
}

TEST(Special, IdsOutsideTheVocabularyAreIgnored) {
  TinyVocabulary vocabulary = TinyVocabulary::byte_level();
  vocabulary.file().number<std::uint32_t>("tokenizer.ggml.eos_token_id", 4000000000u);
  EXPECT_EQ(vocabulary.tokenizer().vocabulary().special().eos, 11);  // the default of the kind
}

TEST(Special, KnowsWhatEndsAReply) {
  TinyVocabulary vocabulary = hello_vocabulary();
  vocabulary.control("<|im_end|>").control("<|end|>").token("<|file_sep|>");
  Tokenizer tokenizer = vocabulary.tokenizer();
  for (const char* text : {"</s>", "<|im_end|>", "<|end|>", "<|file_sep|>"}) {
    EXPECT_TRUE(tokenizer.vocabulary().ends_generation(vocabulary.id(text))) << text;
  }
  EXPECT_FALSE(tokenizer.vocabulary().ends_generation(vocabulary.id("<s>")));
  EXPECT_FALSE(tokenizer.vocabulary().ends_generation(kNoToken));
  EXPECT_EQ(tokenizer.vocabulary().special().end_of_turn, vocabulary.id("<|im_end|>"));
  // gpt-oss: <|end|> only closes a message.
  vocabulary.control("<|return|>").control("<|call|>");
  tokenizer = vocabulary.tokenizer();
  EXPECT_FALSE(tokenizer.vocabulary().ends_generation(vocabulary.id("<|end|>")));
  EXPECT_TRUE(tokenizer.vocabulary().ends_generation(vocabulary.id("<|call|>")));
}

TEST(SentencePiece, MergesTheHighestScoreAndFallsBackToBytes) {
  TinyVocabulary vocabulary("llama");
  vocabulary.token("<unk>", TokenType::kUnknown).control("<s>").control("</s>").bytes();
  vocabulary.token("▁", TokenType::kNormal, -9).token("a", TokenType::kNormal, -8).token("b", TokenType::kNormal, -7);
  vocabulary.token("ab", TokenType::kNormal, -3)
      .token("ba", TokenType::kNormal, -2)
      .token("▁a", TokenType::kNormal, -1);
  const Tokenizer tokenizer = vocabulary.tokenizer();
  EXPECT_EQ(tokenizer.encode("aba"), (Ids{1, vocabulary.id("▁a"), vocabulary.id("ba")}));
  EXPECT_EQ(tokenizer.encode("é", kPlain), (Ids{vocabulary.id("▁"), 3 + 0xc3, 3 + 0xa9}));
  EXPECT_EQ(tokenizer.decode(tokenizer.encode("a é  b")), "<s>a é  b");
  EXPECT_EQ(tokenizer.decode(tokenizer.encode("a é  b"), false), "a é  b");
  EXPECT_EQ(tokenizer.decode(tokenizer.encode("a<unk>a<s> b", kParsed)), "a<unk>a<s> b");
}

TEST(Unigram, TakesTheBestSumOfScores) {
  TinyVocabulary vocabulary("t5");
  vocabulary.control("<pad>").control("</s>").token("<unk>", TokenType::kUnknown);
  vocabulary.token("▁", TokenType::kNormal, -2).token("a", TokenType::kNormal, -3).token("b", TokenType::kNormal, -3);
  vocabulary.token("▁a", TokenType::kNormal, -6).token("ab", TokenType::kNormal, -4);
  vocabulary.file().boolean("tokenizer.ggml.add_space_prefix", 1).boolean("tokenizer.ggml.remove_extra_whitespaces", 1);
  const Tokenizer tokenizer = vocabulary.tokenizer();
  EXPECT_EQ(tokenizer.encode("ab"), (Ids{3, vocabulary.id("ab"), 1}));
  EXPECT_EQ(tokenizer.encode("  a   b  ", kPlain), (Ids{3, 4, 3, 5}));
  EXPECT_EQ(tokenizer.encode("a??b", kPlain), (Ids{3, 4, 2, 5})) << "unknown neighbours are one unknown token";
  EXPECT_EQ(tokenizer.encode("   ", kPlain), Ids{});
}

// As in SentencePiece, only ordinary tokens determine the cost of an unknown character.
TEST(Unigram, UserDefinedTokensDoNotMakeUnknownTextDearer) {
  TinyVocabulary vocabulary("t5");
  vocabulary.control("<pad>").control("</s>").token("<unk>", TokenType::kUnknown);
  vocabulary.token("a", TokenType::kNormal, -1).token("b", TokenType::kNormal, -1).token("ab", TokenType::kNormal, -30);
  const Ids expected = vocabulary.tokenizer().encode("abxab", kPlain);
  vocabulary.token("<u>", TokenType::kUserDefined, -1000);
  EXPECT_EQ(vocabulary.tokenizer().encode("abxab", kPlain), expected);
}

// Every position of a text is compared with all tokens that may begin there.
TEST(Special, TokensTooLongToSearchForAreRefused) {
  TinyVocabulary vocabulary = TinyVocabulary::byte_level();
  vocabulary.user_defined(std::string(257, 'a'));
  EXPECT_ERROR(vocabulary.tokenizer(), "token 256 has 257 bytes, which is too long to search for");
}

// A double array with a cycle, and one whose replacements would exhaust the memory.
TEST(Unigram, AHostileTableCostsNeitherTimeNorMemory) {
  const auto with_table = [](std::string_view blob) {
    TinyVocabulary vocabulary("t5");
    vocabulary.control("<pad>").control("</s>").token("<unk>", TokenType::kUnknown).token("a", TokenType::kNormal, -1);
    vocabulary.file().array("tokenizer.ggml.precompiled_charsmap", 0, blob.size(), blob);
    return vocabulary.tokenizer();
  };
  std::vector<std::uint32_t> units(256, 0);
  units['a'] = 'a' << 10 | 'a';  // from 'a' to itself
  const std::string_view table(reinterpret_cast<const char*>(units.data()), units.size() * sizeof units[0]);
  const std::string cycle = raw(static_cast<std::uint32_t>(table.size())).append(table) + std::string(1, '\0');
  EXPECT_EQ(with_table(cycle).encode(std::string(100000, 'a'), kPlain).size(), 100000u);
  EXPECT_ERROR(with_table(raw(0u) + std::string(257, 'x') + std::string(1, '\0')), "a replacement has 257 bytes");
}

TEST(Unigram, AHostileTableOfReplacementsIsRefusedOrHarmless) {
  const auto with_table = [](std::string_view blob) {
    TinyVocabulary vocabulary("t5");
    vocabulary.control("<pad>").control("</s>").token("<unk>", TokenType::kUnknown).token("a");
    vocabulary.file().array("tokenizer.ggml.precompiled_charsmap", 0, blob.size(), blob);
    return vocabulary.tokenizer();
  };
  EXPECT_ERROR(with_table("abc"), "expected at least 4");
  EXPECT_ERROR(with_table(raw(8u) + "1234"), "says that its table has 8 bytes");
  EXPECT_ERROR(with_table(raw(4u) + raw(0u) + "x"), "not ended by a NUL");
  EXPECT_ERROR(with_table(raw(4u) + raw(0u) + "\xff" + std::string(1, '\0')), "not UTF-8");
  RandomText random(4);
  for (int i = 0; i < 200; ++i) {
    std::string units;
    for (int j = 0; j < 64; ++j) units += raw(static_cast<std::uint32_t>(random.below(1 << 20)) << random.below(12));
    const Tokenizer tokenizer = with_table(raw(256u) + units + "xyz" + std::string(1, '\0'));
    (void)tokenizer.encode(random(30));
  }
}

TEST(WordPiece, CutsWordsGreedilyInLowerCase) {
  TinyVocabulary vocabulary("bert");
  vocabulary.control("[PAD]").token("[UNK]", TokenType::kUnknown).control("[CLS]").control("[SEP]");
  for (const char* token : {"▁un", "able", "▁the", "▁.", "▁世", "▁界", "▁cafe"}) vocabulary.token(token);
  vocabulary.file().number<std::uint32_t>("tokenizer.ggml.bos_token_id", 2);
  vocabulary.file().number<std::uint32_t>("tokenizer.ggml.seperator_token_id", 3);
  vocabulary.file().number<std::uint32_t>("tokenizer.ggml.unknown_token_id", 1);
  const Tokenizer tokenizer = vocabulary.tokenizer();
  EXPECT_EQ(tokenizer.encode("The unable."), (Ids{2, 6, 4, 5, 7, 3}));
  EXPECT_EQ(tokenizer.encode("Café\t世界 unx", kPlain), (Ids{10, 8, 9, 1}));
  EXPECT_EQ(tokenizer.decode(tokenizer.encode("The unable."), false), "the unable.");
}

TEST(Rwkv, TakesTheLongestTokenAndUnescapesThem) {
  TinyVocabulary vocabulary("rwkv");
  vocabulary.control("<s>");
  for (const char* token : {"a", "ab", "\\n", "\\xc3\\xa9", "\\\\", "b"}) vocabulary.token(token);
  const Tokenizer tokenizer = vocabulary.tokenizer();
  EXPECT_EQ(tokenizer.encode("aab\né\\", kPlain), (Ids{1, 2, 3, 4, 5}));
  EXPECT_EQ(tokenizer.decode(Ids{2, 3, 4}), "ab\né");
}

TEST(Tokenizer, AFileWithoutOneSaysSo) {
  testing::GgufBytes file;
  const std::string bytes = file.string("general.architecture", "llama").bytes();
  EXPECT_ERROR(Tokenizer(gguf::File::from_memory(testing::as_bytes(bytes), "x.gguf").metadata()),
               "the file has no tokenizer");
  EXPECT_ERROR(TinyVocabulary("plamo9").token("a").tokenizer(), "'plamo9', which is not supported");
  EXPECT_ERROR(TinyVocabulary("llama").tokenizer(), "'tokenizer.ggml.tokens' is empty");
  TinyVocabulary short_scores("llama");
  short_scores.token("a").file().numbers<float>("tokenizer.ggml.scores", {1.0f, 2.0f});
  EXPECT_ERROR(short_scores.tokenizer(), "tokenizer.ggml.scores");
}

// Invalid UTF-8 must neither crash nor be dropped.
TEST(Tokenizer, BytesThatAreNoUtf8AreReplaced) {
  const Tokenizer tokenizer = hello_vocabulary().tokenizer();
  EXPECT_EQ(tokenizer.decode(tokenizer.encode("a\xff"
                                              "b\xe2\x82",
                                              kPlain)),
            "a\ufffdb\ufffd");
}

// One tokenizer serves all threads of a server.
TEST(Tokenizer, GivesEveryThreadTheSame) {
  const Tokenizer tokenizer = hello_vocabulary().tokenizer();
  const std::string text = RandomText(5)(3000);
  const Ids expected = tokenizer.encode(text);
  std::vector<std::thread> threads;
  std::vector<int> right(4, 0);
  for (std::size_t i = 0; i < right.size(); ++i) {
    threads.emplace_back([&, i] {
      for (int j = 0; j < 20; ++j) right[i] += tokenizer.encode(text) == expected;
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const int count : right) EXPECT_EQ(count, 20);
}

}  // namespace
}  // namespace rocmforge::text
