// Tests models that are split into several files.
#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "gguf/reader.h"
#include "gguf/split_name.h"
#include "support/expect_error.h"
#include "support/gguf_bytes.h"
#include "support/temp_folder.h"

namespace rocmforge::gguf {
namespace {

using testing::GgufBytes;
using testing::TempFolder;

struct PartKeys {
  std::uint16_t number;
  std::uint16_t count;
  std::int32_t tensors;
};

std::string part(const PartKeys& keys, std::string_view tensor, std::string_view name = "") {
  GgufBytes file;
  if (!name.empty()) file.string("general.name", name);
  file.number(kSplitNumberKey, keys.number).number(kSplitCountKey, keys.count).number(kSplitTensorsKey, keys.tensors);
  return file.tensor(tensor, 24, {4}, tensor.substr(0, 4)).bytes();
}

// A fixture with the three parts of a model.
class SplitModel : public ::testing::Test {
 protected:
  void SetUp() override {
    write(1, part({0, 3, 3}, "aaaa", "Tiny"));
    write(2, part({1, 3, 3}, "bbbb"));
    write(3, part({2, 3, 3}, "cccc"));
  }

  std::string name(std::uint64_t number) const { return split_name(folder_ / "model", number, 3); }
  void write(std::uint64_t number, const std::string& bytes) const {
    folder_.write(std::filesystem::path(name(number)).filename().string(), bytes);
  }

  TempFolder folder_;
};

// Whichever part a user names, it is the whole model.
TEST_F(SplitModel, OpensFromAnyPart) {
  for (std::uint64_t number = 1; number <= 3; ++number) {
    const File file = File::open(name(number));
    EXPECT_EQ(file.parts().size(), 3u);
    EXPECT_EQ(file.path(), name(1));
    EXPECT_EQ(file.metadata().get<std::string_view>("general.name"), "Tiny");
    ASSERT_EQ(file.tensors().size(), 3u);
    EXPECT_EQ(file.tensors()[2].name, "cccc");
    EXPECT_EQ(file.tensor("bbbb").part, 1u);
    EXPECT_EQ(static_cast<char>(file.tensor("bbbb").bytes[0]), 'b');
    EXPECT_EQ(file.offset_in_part(file.tensor("bbbb")), file.parts()[1].data_offset);
  }
}

// A download of several files often lacks one of them.
TEST_F(SplitModel, NamesMissingParts) {
  std::filesystem::remove(name(2));
  EXPECT_ERROR(File::open(name(1)), "1 of the model's 3 parts is missing: model-00002-of-00003.gguf");
  std::filesystem::remove(name(1));
  EXPECT_ERROR(File::open(name(3)), "2 of the model's 3 parts are missing: model-00001-of-00003.gguf, model-00002");
}

// Parts of different models with matching names would together give a model of noise.
TEST_F(SplitModel, RefusesPartsThatDoNotFit) {
  write(2, part({1, 4, 3}, "bbbb"));
  EXPECT_ERROR(File::open(name(1)), "has 'split.no' 1 and 'split.count' 4, expected 1 and 3");
  write(2, part({2, 3, 3}, "bbbb"));
  EXPECT_ERROR(File::open(name(1)), "has 'split.no' 2 and 'split.count' 3, expected 1 and 3");
  write(2, part({1, 3, 3}, "aaaa"));
  EXPECT_ERROR(File::open(name(1)), "tensor 'aaaa' occurs twice");
  write(2, GgufBytes().tensor("bbbb", 24, {4}, "bbbb").bytes());
  EXPECT_ERROR(File::open(name(1)), "00002-of-00003.gguf: key 'split.no' is missing");
  write(2, "GGUF");
  EXPECT_ERROR(File::open(name(1)), "00002-of-00003.gguf: ends at byte 4");
  write(2, part({1, 3, 3}, "bbbb"));
  write(1, part({0, 3, 4}, "aaaa"));
  EXPECT_ERROR(File::open(name(1)), "the 3 parts have 3 tensors, but 'split.tensors.count' is 4");
}

// The other parts are found by name, so a renamed part cannot be opened, and the user is told the required name.
TEST_F(SplitModel, RefusesAPartUnderAnotherName) {
  std::filesystem::rename(name(2), folder_ / "renamed.gguf");
  EXPECT_ERROR(File::open(folder_ / "renamed.gguf"), "its name must end in '-00002-of-00003.gguf'");
  std::filesystem::copy(name(1), folder_ / "model-00003-of-00004.gguf");
  EXPECT_ERROR(File::open(folder_ / "model-00003-of-00004.gguf"), "so its name must end in '-00001-of-00003.gguf'");
}

// Tools leave a count of 0 or 1 when they merge parts.
TEST_F(SplitModel, TakesACountOfOneAsAWholeFile) {
  for (const std::uint16_t count : {std::uint16_t{0}, std::uint16_t{1}}) {
    const File file = File::open(folder_.write("merged.gguf", part({0, count, 7}, "aaaa")));
    EXPECT_EQ(file.tensors().size(), 1u);
  }
}

TEST(SplitName, IsMadeAndRead) {
  EXPECT_EQ(split_name("dir/model", 2, 10), "dir/model-00002-of-00010.gguf");
  const auto name = parse_split_name("dir/a-of-b-00002-of-00010.gguf");
  ASSERT_TRUE(name.has_value());
  EXPECT_EQ(name->prefix, "dir/a-of-b");
  EXPECT_EQ(name->number, 2u);
  EXPECT_EQ(name->count, 10u);
  for (const char* other :
       {"model.gguf", "model-00001-of-00002", "model-0001-of-00002.gguf", "model-00003-of-00002.gguf",
        "model-00000-of-00002.gguf", "00001-of-00002.gguf", "-of-00002.gguf", ".gguf", "",
        "m-99999999999999999999-of-00002.gguf", "m-00001-of-99999999999999999999.gguf"}) {
    EXPECT_FALSE(parse_split_name(other).has_value()) << other;
  }
}

}  // namespace
}  // namespace rocmforge::gguf
