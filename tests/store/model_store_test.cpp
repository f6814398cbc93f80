// Tests names of models, and which files are removed with them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "store/model_store.h"
#include "store/sha256.h"
#include "support/expect_error.h"
#include "support/temp_folder.h"

namespace rocmforge::store {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
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

// Finds a model by every choice that a pull would accept for it.
TEST_F(ModelStoreTest, FindsByTheQuantWithoutItsMakersMark) {
  using ::testing::ElementsAre;
  add("hf:unsloth/Qwen3-8B-GGUF:UD-Q4_K_XL", "a", "unsloth/Qwen3-8B-GGUF");
  for (const char* const word : {"qwen3-8b:q4_k_xl", "hf:unsloth/Qwen3-8B-GGUF:Q4_K_XL", "qwen3-8b:some/m.gguf"}) {
    EXPECT_THAT(meant_by(word), ElementsAre("hf:unsloth/Qwen3-8B-GGUF:UD-Q4_K_XL")) << word;
  }
  add("hf:unsloth/Qwen3-8B-GGUF:Q4_K_XL", "b", "unsloth/Qwen3-8B-GGUF");
  EXPECT_THAT(meant_by("qwen3-8b:q4_k_xl"), ElementsAre("hf:unsloth/Qwen3-8B-GGUF:Q4_K_XL"));
}

// A file that two models share is removed with the last of them.
TEST_F(ModelStoreTest, RemovesWhatNobodyNeedsAnyMore) {
  const Manifest one = add("one", "same");
  add("two", "same");
  EXPECT_EQ(store_.remove("one").freed, 0u);
  EXPECT_TRUE(fs::exists(store_.blob(one.files.front().sha256)));
  EXPECT_EQ(store_.remove("two").freed, 4u);
  EXPECT_FALSE(fs::exists(store_.blob(one.files.front().sha256)));
  EXPECT_TRUE(fs::is_empty(store_.root() / "links"));
  EXPECT_TRUE(fs::is_empty(store_.root() / "names"));
}

// Files of a running pull must not be removed.
TEST_F(ModelStoreTest, APullProtectsItsFiles) {
  const Manifest one = add("one", "same");
  Manifest two = one;
  two.name = "two";
  store_.begin(two);
  EXPECT_TRUE(store_.remove("one").files_are_kept);
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
  // A manifest that claims another model's name.
  folder_.write("models/names/three.json", testing::read_text(folder_ / "models/names/one.json"));
  EXPECT_EQ(store_.models().size(), 1u);
}

// A model whose name resembles a manifest's file name is not confused with another model.
TEST_F(ModelStoreTest, NoNameReadsAsAnotherOnesBeginning) {
  Manifest other = add("foo.pulling", "content");
  EXPECT_TRUE(store_.unfinished().empty());
  other.name = "foo";
  other.files = {{"m.gguf", 5, sha256_of("other"), ""}};
  store_.begin(other);
  store_.give_up("foo", true);
  EXPECT_EQ(store_.models().size(), 1u);
  EXPECT_TRUE(store_.is_complete(store_.models().front()));
}

// A model can be opened while it is pulled again.
TEST_F(ModelStoreTest, LinksThatAreRightStayAsTheyAre) {
  Manifest model = add("one", "content");
  const int folder = open((store_.root() / "links" / "one").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  struct stat before{};
  struct stat after{};
  ASSERT_EQ(lstat(store_.file_of(model).c_str(), &before), 0);
  std::this_thread::sleep_for(20ms);  // longer than the resolution of file times
  EXPECT_TRUE(store_.finish(model));
  ASSERT_EQ(fstatat(folder, "m.gguf", &after, AT_SYMLINK_NOFOLLOW), 0);
  close(folder);
  EXPECT_EQ(before.st_ino, after.st_ino);
  EXPECT_EQ(before.st_ctim.tv_nsec, after.st_ctim.tv_nsec);
  // Other content under another name.
  model.files = {{"n.gguf", 5, sha256_of("other"), ""}};
  folder_.write("models/blobs/sha256-" + sha256_of("other"), "other");
  EXPECT_TRUE(store_.finish(model));
  EXPECT_EQ(testing::read_text(store_.file_of(model)), "other");
  EXPECT_FALSE(fs::is_symlink(store_.root() / "links/one/m.gguf"));
}

TEST_F(ModelStoreTest, MendsLinksThatAreGone) {
  const Manifest model = add("one", "content");
  fs::remove_all(store_.root() / "links");
  store_.mend_links(model);
  EXPECT_EQ(testing::read_text(store_.file_of(model)), "content");
}

// The program must not claim to have removed what it cannot remove.
TEST_F(ModelStoreTest, SaysWhenANameCannotBeRemoved) {
  add("one", "content");
  fs::remove(store_.root() / "names/one.json");
  folder_.write("models/names/one.json/in/the/way", "");
  EXPECT_ERROR(store_.remove("one"), "one.json: cannot remove");
}

TEST_F(ModelStoreTest, TellsFilesThatOthersNeedFromFilesThatAreGone) {
  const Manifest model = add("one", "content");
  fs::remove(store_.blob(model.files.front().sha256));
  const ModelStore::Removed removed = store_.remove("one");
  EXPECT_EQ(removed.freed, 0u);
  EXPECT_FALSE(removed.files_are_kept);
}

TEST_F(ModelStoreTest, AFolderThatCannotBeReadIsNotAnEmptyStore) {
  const ModelStore store(folder_.write("file", "text"));
  EXPECT_ERROR(store.models(), "cannot read");
  EXPECT_ERROR(store.unfinished(), "cannot read");
}

// Simulates a process that was killed after a file was stored and before a manifest named it.
TEST_F(ModelStoreTest, RemovesWhatNoManifestNames) {
  add("one", "content");
  add("two", "other");
  const std::string sum = sha256_of("orphan");
  const auto leave_orphan = [&] { return folder_.write("models/blobs/sha256-" + sum, "orphan"); };
  const std::string orphan = leave_orphan();
  const std::string foreign = folder_.write("models/blobs/README", "not ours");
  EXPECT_EQ(store_.remove("two").freed, 11u);
  EXPECT_FALSE(fs::exists(orphan));
  EXPECT_TRUE(fs::exists(foreign));
  // The files of a malformed manifest are unknown.
  leave_orphan();
  folder_.write("models/begun/three.json", "{");
  EXPECT_EQ(store_.remove("one").freed, 0u);
  EXPECT_TRUE(fs::exists(orphan));
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
