// Tests turning a stream of tokens into text.
#include "text/detokenizer.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "base/text.h"
#include "support/expect_error.h"
#include "support/tiny_vocabulary.h"
#include "text/random_text.h"

namespace rocmforge::text {
namespace {

using testing::RandomText;
using testing::TinyVocabulary;
using Ids = std::vector<TokenId>;

std::vector<std::string> streamed(const Tokenizer& tokenizer, const Ids& ids, const DetokenizerOptions& options = {}) {
  Detokenizer detokenizer(tokenizer, options);
  std::vector<std::string> pieces;
  for (const TokenId id : ids) detokenizer.feed(id, pieces.emplace_back());
  detokenizer.finish(pieces.emplace_back());
  return pieces;
}

std::string joined(const std::vector<std::string>& pieces) {
  std::string text;
  for (const std::string& piece : pieces) text += piece;
  return text;
}

TEST(Detokenizer, AnEmojiOfFourTokensArrivesWhole) {
  const Tokenizer tokenizer = TinyVocabulary::byte_level().tokenizer();
  const Ids ids = tokenizer.encode("a🙂b", {.add_special = AddSpecial::kNo});
  ASSERT_EQ(ids.size(), 6u);
  EXPECT_EQ(streamed(tokenizer, ids), (std::vector<std::string>{"a", "", "", "", "🙂", "b", ""}));
}

TEST(Detokenizer, WhatIsLeftAtTheEndIsMarked) {
  const Tokenizer tokenizer = TinyVocabulary::byte_level().tokenizer();
  const Ids smile = tokenizer.encode("🙂", {.add_special = AddSpecial::kNo});
  EXPECT_EQ(streamed(tokenizer, {smile[0], smile[1]}), (std::vector<std::string>{"", "", "\ufffd"}));
  EXPECT_EQ(streamed(tokenizer, {smile[2], smile[0], smile[1], smile[2], smile[3]}),
            (std::vector<std::string>{"\ufffd", "", "", "", "🙂", ""}));
}

TEST(Detokenizer, ATokenThatIsNoneIsAnError) {
  const Tokenizer tokenizer = TinyVocabulary::byte_level().tokenizer();
  EXPECT_ERROR(tokenizer.decode(Ids{256}), "token 256 is none of the vocabulary's 256");
  EXPECT_ERROR(tokenizer.decode(Ids{-1}), "token -1");
}

TinyVocabulary sentence_pieces() {
  TinyVocabulary vocabulary("llama");
  vocabulary.token("<unk>", TokenType::kUnknown).control("<s>").control("</s>").bytes();
  vocabulary.token("▁", TokenType::kNormal, -9).token("a").token("▁a", TokenType::kNormal, -1).token("▁▁");
  vocabulary.user_defined("<u>");
  return vocabulary;
}

// The space that encoding added is removed once, and no other space is.
TEST(Detokenizer, NeverLosesOrDoublesASpace) {
  const Tokenizer tokenizer = sentence_pieces().tokenizer();
  for (const std::string text : {"a", " a", "  a", "a a", "a  a", "a ", " ", "   ", "<u> a", "a<u>a", " <u> "}) {
    const Ids ids = tokenizer.encode(text, {.add_special = AddSpecial::kNo});
    EXPECT_EQ(tokenizer.decode(ids), text);
    EXPECT_EQ(joined(streamed(tokenizer, ids)), text);
  }
  const Ids a = tokenizer.encode("a", {.add_special = AddSpecial::kNo});
  EXPECT_EQ(joined(streamed(tokenizer, a, {.at_beginning = false})), " a") << "goes on from a prompt";
}

TEST(Detokenizer, ControlTokensArePrintedOnRequest) {
  const TinyVocabulary vocabulary = sentence_pieces();
  const Tokenizer tokenizer = vocabulary.tokenizer();
  const Ids ids = {1, vocabulary.id("▁a"), 2};
  EXPECT_EQ(tokenizer.decode(ids, true), "<s>a</s>");
  EXPECT_EQ(tokenizer.decode(ids, false), "a");
}

TEST(Detokenizer, WordPieceWritesEnglishWithoutSpacesBeforeSigns) {
  TinyVocabulary vocabulary("bert");
  vocabulary.control("[CLS]").control("[SEP]");
  for (const char* token : {"▁i", "▁'", "▁m", "▁,", "▁ok", "▁.", "▁do", "▁n", "'t"}) vocabulary.token(token);
  const Tokenizer tokenizer = vocabulary.tokenizer();
  const auto ids = [&](std::initializer_list<std::string_view> texts) {
    Ids all;
    for (const std::string_view text : texts) all.push_back(vocabulary.id(text));
    return all;
  };
  for (const auto& [tokens, text] :
       {std::pair(ids({"▁i", "▁'", "▁m", "▁,", "▁ok", "▁."}), "i'm, ok."),
        std::pair(ids({"[CLS]", "▁do", "▁n", "'t", "[SEP]"}), "don't"), std::pair(ids({"▁ok", "▁'"}), "ok '")}) {
    EXPECT_EQ(tokenizer.decode(tokens, false), text);
    EXPECT_EQ(joined(streamed(tokenizer, tokens, {.special = false})), text);
  }
}

// For any tokens, each piece is valid UTF-8 by itself, and together the pieces are the whole text.
TEST(Detokenizer, PiecesAreValidAndJoinToTheWhole) {
  const Tokenizer bytes = TinyVocabulary::byte_level().tokenizer(), pieces = sentence_pieces().tokenizer();
  EXPECT_TRUE(rc::check([&](const std::vector<std::uint8_t>& numbers, bool special) {
    for (const Tokenizer* tokenizer : {&bytes, &pieces}) {
      const Ids ids(numbers.begin(), numbers.end());
      const auto parts = streamed(*tokenizer, ids, {.special = special});
      for (const std::string& part : parts) RC_ASSERT(is_valid_utf8(part));
      RC_ASSERT(joined(parts) == tokenizer->decode(ids, special));
    }
  }));
}

// Any valid text comes back from a byte-level vocabulary.
TEST(Detokenizer, ByteLevelTextComesBack) {
  TinyVocabulary vocabulary = TinyVocabulary::byte_level("llama-bpe");
  vocabulary.merge("t", "h").merge("th", "e").merge("Ġ", "the").merge("Ã", "©").control("<s>").user_defined("  ");
  const Tokenizer tokenizer = vocabulary.tokenizer();
  RandomText random(6);
  for (int i = 0; i < 2000; ++i) {
    const std::string text = random(1 + random.below(40));
    ASSERT_EQ(tokenizer.decode(tokenizer.encode(text, {.add_special = AddSpecial::kNo})), text);
  }
}

}  // namespace
}  // namespace rocmforge::text
