// Tests the vocabularies of the reference data: its cases, and what must hold for any real vocabulary.
#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "gguf/reader.h"
#include "support/cpu_time.h"
#include "support/reference_data.h"
#include "support/temp_folder.h"
#include "text/byte_alphabet.h"
#include "text/detokenizer.h"
#include "text/random_text.h"
#include "text/tokenizer.h"

namespace rocmforge::text {
namespace {

using Ids = std::vector<TokenId>;

std::filesystem::path folder() { return testing::conformance_folder() / "tokenizer"; }

#define SKIP_WITHOUT_REFERENCE()          \
  if (!std::filesystem::exists(folder())) \
  GTEST_SKIP() << "no " << folder() << "; ROCMFORGE_CONFORMANCE can say where the reference data is"

Tokenizer load(const std::filesystem::path& path) { return Tokenizer(gguf::File::open(path.string()).metadata()); }

// Calls check(name, tokenizer) for every vocabulary.
template <typename Check>
void for_each_vocabulary(Check&& check) {
  for (const auto& entry : std::filesystem::directory_iterator(folder() / "vocab")) {
    SCOPED_TRACE(entry.path().filename().string());
    check(load(entry.path()));
  }
}

TEST(TokenizerConformance, GivesTheReferencesIds) {
  SKIP_WITHOUT_REFERENCE();
  for (const auto& entry : std::filesystem::directory_iterator(folder() / "cases")) {
    const nlohmann::json file = parse_json(testing::read_text(entry.path().string()), entry.path().string());
    const Tokenizer tokenizer = load(folder() / file.at("gguf").get<std::string>());
    for (const nlohmann::json& test : file.at("cases")) {
      const bool add_special = test.at("add_special");
      const Ids ids = tokenizer.encode(test.at("text").get<std::string>(),
                                       {.add_special = add_special ? AddSpecial::kYes : AddSpecial::kNo,
                                        .parse_special = test.at("parse_special").get<bool>()});
      if (test.contains("alt_ids") && ids == test.at("alt_ids").get<Ids>()) continue;
      EXPECT_EQ(ids, test.at("ids").get<Ids>()) << file.at("vocab") << ": " << test.at("text");
    }
  }
}

// A user's text must not become a token that only the template may write.
TEST(TokenizerReference, EverySpecialTokenInAMessageStaysText) {
  SKIP_WITHOUT_REFERENCE();
  for_each_vocabulary([](const Tokenizer& tokenizer) {
    const Vocabulary& vocabulary = tokenizer.vocabulary();
    for (std::size_t i = 0; i < vocabulary.size(); ++i) {
      const auto special = static_cast<TokenId>(i);
      if (!vocabulary.is_control(special)) continue;
      const std::string name(vocabulary.text(special));
      const std::string text = "say " + name + " twice" + name;
      const std::vector<TextRange> message = {{0, text.size()}};
      const Ids ids = tokenizer.encode(text, {.add_special = AddSpecial::kNo, .parse_special = true, .data = message});
      for (const TokenId id : ids) {
        // [UNK] stands for a word that the vocabulary cannot write, not for the text that names it.
        EXPECT_TRUE(!vocabulary.is_control(id) || id == vocabulary.special().unknown) << name;
      }
    }
  });
}

// Some vocabularies lack bytes that did not occur in any character when they were made.
bool has_every_byte(const Vocabulary& vocabulary, const std::string& text) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return vocabulary.find(alphabet_character(static_cast<unsigned char>(c))) != kNoToken;
  });
}

// Of byte-level vocabularies any text comes back, in one piece or streamed.
TEST(TokenizerReference, AnyTextComesBack) {
  SKIP_WITHOUT_REFERENCE();
  for_each_vocabulary([](const Tokenizer& tokenizer) {
    if (tokenizer.vocabulary().kind() != VocabularyKind::kBytePair) return;
    testing::RandomText random(7);
    for (int i = 0; i < 300; ++i) {
      const std::string text = random(1 + random.below(60));
      if (!has_every_byte(tokenizer.vocabulary(), text)) continue;
      const Ids ids = tokenizer.encode(text, {.add_special = AddSpecial::kNo});
      ASSERT_EQ(tokenizer.decode(ids), text);
      Detokenizer detokenizer(tokenizer);
      std::string streamed;
      for (const TokenId id : ids) detokenizer.feed(id, streamed);
      detokenizer.finish(streamed);
      ASSERT_EQ(streamed, text);
    }
  });
}

// The hardest texts for a tokenizer, a mebibyte each: one word, one run, signs that may begin a special token.
TEST(TokenizerReference, NothingIsQuadratic) {
  SKIP_WITHOUT_REFERENCE();
  constexpr std::size_t kMebibyte = 1 << 20;
  std::vector<std::string> texts;
  for (const std::string_view piece : {"a", "A", " ", "\n", " \t", "🙂", "世", "<|", "1", "a.", "\u0301", "'s", "aé"}) {
    std::string& text = texts.emplace_back();
    while (text.size() < kMebibyte) text += piece;
  }
  testing::RandomText random(8);
  std::string& mixed = texts.emplace_back();
  while (mixed.size() < kMebibyte) mixed += random(100);

  for_each_vocabulary([&](const Tokenizer& tokenizer) {
    for (const std::string& text : texts) {
      const double seconds = testing::cpu_seconds([&] { (void)tokenizer.encode(text, {.parse_special = true}); });
      EXPECT_LT(seconds, 1.0 * testing::kSlowdown) << text.substr(0, 8);
    }
  });
}

}  // namespace
}  // namespace rocmforge::text
