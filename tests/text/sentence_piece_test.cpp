// SentencePiece itself as the oracle: small models trained here and now, ten thousand texts each.
#include <cstdlib>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "gguf/reader.h"
#include "support/temp_folder.h"
#include "text/tokenizer.h"

namespace rocmforge::text {
namespace {

TEST(SentencePieceOracle, GivesSentencePiecesIds) {
  const testing::TempFolder folder;
  const std::string script = ROCMFORGE_SOURCE_DIR "/tests/text/sentence_piece_oracle.py";
  // The distribution's module belongs to the distribution's interpreter, which another may hide.
  const std::string command = " -B " + script + " " + folder.path().string();
  const auto run = [&](const std::string& python) {
    const int status = std::system((python + command).c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  };
  constexpr int kNoModule = 77, kNoProgram = 127;
  int status = run("/usr/bin/python3");
  if (status == kNoModule || status == kNoProgram) status = run("python3");
  if (status == kNoModule) GTEST_SKIP() << "python3-sentencepiece is not installed";
  ASSERT_EQ(status, 0);
  for (const nlohmann::json& name : parse_json(testing::read_text(folder / "names.json"), "names.json")) {
    const std::string base = folder / name.get<std::string>();
    const Tokenizer tokenizer(gguf::File::open(base + ".gguf").metadata());
    std::size_t wrong = 0;
    for (const nlohmann::json& test : parse_json(testing::read_text(base + ".json"), base).at("cases")) {
      const auto text = test.at("text").get<std::string>();
      const auto ids = tokenizer.encode(text, {.add_special = AddSpecial::kNo});
      if (ids == test.at("ids").get<std::vector<TokenId>>()) continue;
      if (++wrong <= 3) ADD_FAILURE() << name << ": " << test << " gave " << nlohmann::json(ids);
    }
    EXPECT_EQ(wrong, 0u) << name;
  }
}

}  // namespace
}  // namespace rocmforge::text
