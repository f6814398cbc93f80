// Names, and what becomes of files when names go.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "store/model_store.h"
#include "store/sha256.h"
#include "support/expect_error.h"
#include "support/temp_folder.h"

namespace rocmforge::store {
namespace {

namespace fs = std::filesystem;
using testing::TempFolder;

class ModelStoreTest : public ::testing::Test {
 protected:
  Manifest add(const std::string& name, const std::string& content, const std::string& repository = "") {
    const std::string sum = sha256_of(content);
    const Manifest model{.name = name,
                         .source = repository.empty() ? "/somewhere/" + name : name,
                         .source_id = "",
                         .repository = repository,
                         .commit = "",
                         .quant = name.substr(name.rfind(':') + 1),
                         .pulled = "",
                         .files = {{"m.gguf", content.size(), sum, ""}}};
    store_.begin(model);
    folder_.write("models/blobs/sha256-" + sum, content);
    EXPECT_TRUE(store_.finish(model));
    return model;
  }
  std::vector<std::string> meant_by(const std::string& word) const {
    std::vector<std::string> names;
    for (const Manifest& model : store_.meant_by(word)) names.push_back(model.name);
    return names;
  }

  TempFolder folder_;
  ModelStore store_{folder_.path() / "models"};
};

TEST_F(ModelStoreTest, AnEmptyOneIsNotCreatedByLooking) {
  EXPECT_TRUE(store_.models().empty());
  EXPECT_TRUE(store_.meant_by("x").empty());
  EXPECT_FALSE(fs::exists(store_.root()));
}

TEST_F(ModelStoreTest, FindsByAnyPartOfTheNameThatMeansIt) {
  add("hf:unsloth/Qwen3-8B-GGUF:Q4_K_M", "a", "unsloth/Qwen3-8B-GGUF");
  add("hf:unsloth/Qwen3-8B-GGUF:Q8_0", "b", "unsloth/Qwen3-8B-GGUF");
  add("mine", "c");
  using ::testing::ElementsAre;
  const auto q8 = ElementsAre("hf:unsloth/Qwen3-8B-GGUF:Q8_0");
  for (const char* const word : {"hf:unsloth/Qwen3-8B-GGUF:Q8_0", "qwen3-8b:q8_0", "Qwen3-8B-GGUF:Q8_0",
                                 "unsloth/qwen3-8b:Q8_0", "hf:unsloth/Qwen3-8B-GGUF:q8_0"}) {
    EXPECT_THAT(meant_by(word), q8) << word;
  }
  EXPECT_EQ(meant_by("Qwen3-8B").size(), 2u);
  EXPECT_THAT(meant_by("mine"), ElementsAre("mine"));
  EXPECT_TRUE(meant_by("Qwen3").empty());
  EXPECT_TRUE(meant_by("").empty());
}

// A file that two models share goes with the last of them.
TEST_F(ModelStoreTest, RemovesWhatNobodyNeedsAnyMore) {
  const Manifest one = add("one", "same");
  add("two", "same");
  EXPECT_EQ(store_.remove("one"), 0u);
  EXPECT_TRUE(fs::exists(store_.blob(one.files.front().sha256)));
  EXPECT_EQ(store_.remove("two"), 4u);
  EXPECT_FALSE(fs::exists(store_.blob(one.files.front().sha256)));
  EXPECT_TRUE(fs::is_empty(store_.root() / "links"));
  EXPECT_TRUE(fs::is_empty(store_.root() / "names"));
}

// Nobody may take away what a pull is about to give a name to.
TEST_F(ModelStoreTest, APullProtectsItsFiles) {
  const Manifest one = add("one", "same");
  Manifest two = one;
  two.name = "two";
  store_.begin(two);
  EXPECT_EQ(store_.remove("one"), 0u);
  EXPECT_TRUE(store_.finish(two));
  const FileLock pulling = store_.lock_name("two", {});
  EXPECT_ERROR(store_.remove("two"), "being pulled");
}

TEST_F(ModelStoreTest, GivesNoNameToWhatIsNotThere) {
  Manifest model = add("one", "content");
  fs::remove(store_.blob(model.files.front().sha256));
  EXPECT_FALSE(store_.finish(model));
  EXPECT_FALSE(store_.is_complete(model));
}

TEST_F(ModelStoreTest, ABrokenManifestDoesNotHideTheOthers) {
  add("one", "content");
  folder_.write("models/names/two.json", "{");
  // One that claims to be another.
  folder_.write("models/names/three.json", testing::read_text(folder_ / "models/names/one.json"));
  EXPECT_EQ(store_.models().size(), 1u);
}

TEST(ModelStoreRoot, IsWhereTheUserWantsIt) {
  const auto root_with = [](const char* own, const char* data, const char* home) {
    setenv("ROCMFORGE_MODELS", own, 1);
    setenv("XDG_DATA_HOME", data, 1);
    setenv("HOME", home, 1);
    return ModelStore::default_root().string();
  };
  EXPECT_EQ(root_with("", "", "/home/x"), "/home/x/.local/share/rocmforge/models");
  EXPECT_EQ(root_with("", "/data", "/home/x"), "/data/rocmforge/models");
  EXPECT_EQ(root_with("", "relative", "/home/x"), "/home/x/.local/share/rocmforge/models");
  EXPECT_EQ(root_with("/models", "/data", "/home/x"), "/models");
  EXPECT_ERROR(root_with("", "", ""), "HOME is not set");
}

}  // namespace
}  // namespace rocmforge::store
