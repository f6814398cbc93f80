// Tests typed access to metadata.
#include "gguf/metadata.h"

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "gguf/reader.h"
#include "support/expect_error.h"
#include "support/gguf_bytes.h"

namespace rocmforge::gguf {
namespace {

using testing::GgufBytes;
using testing::raw;

class MetadataOf {
 public:
  explicit MetadataOf(const GgufBytes& file)
      : bytes_(file.bytes()), file_(File::from_memory(testing::as_bytes(bytes_), "m.gguf")) {}
  const Metadata* operator->() const { return &file_.metadata(); }

 private:
  std::string bytes_;
  File file_;
};

// Writers choose widths as they like: a count is a count, whatever its type.
TEST(GgufMetadata, TakesIntegersOfAnyWidth) {
  const MetadataOf keys(GgufBytes()
                            .number<std::uint8_t>("u8", 255)
                            .number<std::int16_t>("i16", -2)
                            .number<std::uint64_t>("u64", 7)
                            .number<std::int64_t>("i64", std::numeric_limits<std::int64_t>::min()));
  EXPECT_EQ(keys->get<std::uint64_t>("u8"), 255u);
  EXPECT_EQ(keys->get<std::int8_t>("i16"), -2);
  EXPECT_EQ(keys->get<std::uint32_t>("u64"), 7u);
  EXPECT_EQ(keys->get<std::int64_t>("i64"), std::numeric_limits<std::int64_t>::min());
  EXPECT_ERROR(keys->get<std::int8_t>("u8"), "m.gguf: key 'u8' is 255, expected an integer from -128 to 127");
  EXPECT_ERROR(keys->get<std::uint64_t>("i16"), "key 'i16' is -2, expected an integer from 0 to");
}

TEST(GgufMetadata, TakesFloatsOfEitherWidth) {
  const MetadataOf keys(GgufBytes().number("single", 0.5f).number("double", 0.25).number("vast", 1e300));
  EXPECT_EQ(keys->get<double>("single"), 0.5);
  EXPECT_EQ(keys->get<float>("double"), 0.25f);
  EXPECT_ERROR(keys->get<float>("vast"), "beyond the range of float32");
}

TEST(GgufMetadata, TakesBoolsAndStrings) {
  const MetadataOf keys(
      GgufBytes().boolean("yes", 1).boolean("no", 0).string("name", "caf\xc3\xa9").string("empty", ""));
  EXPECT_TRUE(keys->get<bool>("yes"));
  EXPECT_FALSE(keys->get<bool>("no"));
  EXPECT_EQ(keys->get<std::string_view>("name"), "caf\xc3\xa9");
  EXPECT_EQ(keys->get<std::string>("empty"), "");
}

TEST(GgufMetadata, TakesArrays) {
  const MetadataOf keys(GgufBytes()
                            .numbers<std::int32_t>("ints", {3, 1, 2})
                            .numbers<double>("floats", {0.5, -1.0})
                            .strings("strings", {"a", "", "b"})
                            .array("bools", 7, 2, std::string_view("\1\0", 2))
                            .array("none", 8, 0, ""));
  EXPECT_EQ(keys->get<std::vector<std::uint64_t>>("ints"), (std::vector<std::uint64_t>{3, 1, 2}));
  EXPECT_EQ(keys->get<std::vector<float>>("floats"), (std::vector<float>{0.5f, -1.0f}));
  EXPECT_EQ(keys->get<std::vector<std::string_view>>("strings"), (std::vector<std::string_view>{"a", "", "b"}));
  EXPECT_EQ(keys->get<std::vector<std::string>>("strings")[2], "b");
  EXPECT_EQ(keys->get<std::vector<bool>>("bools"), (std::vector<bool>{true, false}));
  EXPECT_TRUE(keys->get<std::vector<std::string_view>>("none").empty());
}

// An optional key may be absent but not malformed.
TEST(GgufMetadata, TellsAbsentFromWrong) {
  const MetadataOf keys(GgufBytes()
                            .string("llama.block_count", "32")
                            .number<std::int32_t>("llama.context_length", 1)
                            .numbers<float>("floats", {1.0f}));
  EXPECT_EQ(keys->find<std::uint32_t>("absent"), std::nullopt);
  EXPECT_EQ(keys->get_or<std::uint32_t>("absent", 5), 5u);
  EXPECT_EQ(keys->value("absent"), nullptr);
  EXPECT_ERROR(keys->get<std::uint32_t>("llama.contextlength"), "m.gguf: key 'llama.contextlength' is missing");
  EXPECT_ERROR(keys->get<std::uint32_t>("llama.contextlength"), "the file has 'llama.context_length'");
  EXPECT_ERROR(keys->find<std::uint32_t>("llama.block_count"), "'llama.block_count' is a string, expected an integer");
  EXPECT_ERROR(keys->find<bool>("llama.context_length"), "is an int32, expected a bool");
  EXPECT_ERROR(keys->find<float>("llama.context_length"), "is an int32, expected a floating-point number");
  EXPECT_ERROR(keys->find<std::string>("floats"), "is an array of float32 values, expected a string");
  EXPECT_ERROR(keys->find<std::vector<int>>("floats"), "is an array of float32 values, expected an array of integers");
  EXPECT_ERROR(keys->find<std::vector<int>>("llama.context_length"), "is an int32, expected an array of integers");
}

// Models whose layers differ list one number a layer; a list of another length belongs to another model.
TEST(GgufMetadata, SpreadsOneValueOverAllLayers) {
  const MetadataOf keys(GgufBytes()
                            .number<std::uint32_t>("same", 8)
                            .numbers<std::int32_t>("each", {1, 2, 3})
                            .array("pattern", 7, 3, "\1\1\1"));
  EXPECT_EQ(keys->per_layer<std::uint32_t>("same", 3), (std::vector<std::uint32_t>{8, 8, 8}));
  EXPECT_EQ(keys->per_layer<std::uint32_t>("each", 3), (std::vector<std::uint32_t>{1, 2, 3}));
  EXPECT_EQ(keys->per_layer<bool>("pattern", 3), (std::vector<bool>{true, true, true}));
  EXPECT_TRUE(keys->per_layer<std::uint32_t>("absent", 3).empty());
  EXPECT_ERROR(keys->per_layer<std::uint32_t>("each", 4),
               "key 'each' has 3 values, expected 4, one per layer ('block_count')");
}

TEST(GgufMetadata, KeepsTheOrderOfTheFile) {
  const MetadataOf keys(GgufBytes().number("z", 1).number("a", 2).number("m", 3));
  ASSERT_EQ(keys->entries().size(), 3u);
  EXPECT_EQ(keys->entries()[0].key, "z");
  EXPECT_EQ(keys->entries()[1].key, "a");
  EXPECT_EQ(keys->entries()[1].value.number<std::int32_t>(), 2);
}

// Arrays of arrays occur in no model yet; a file that has them must still be shown.
TEST(GgufMetadata, WalksNestedArrays) {
  const std::string inner =
      raw(0u) + raw(std::uint64_t{2}) + "ab" + raw(8u) + raw(std::uint64_t{1}) + testing::raw_string("text");
  const MetadataOf keys(GgufBytes().array("nested", 9, 2, inner));
  std::vector<std::uint64_t> sizes;
  for (const Value element : keys->value("nested")->array()) sizes.push_back(element.array().size());
  EXPECT_EQ(sizes, (std::vector<std::uint64_t>{2, 1}));
  EXPECT_ERROR(keys->get<std::vector<int>>("nested"), "is an array of array values");
}

// A key among thousands is found quickly and told apart from similar ones.
TEST(GgufMetadata, FindsKeysAmongMany) {
  GgufBytes file;
  for (int i = 0; i < 5000; ++i) file.number("key." + std::to_string(i), i);
  const MetadataOf keys(file);
  for (int i = 0; i < 5000; i += 7) EXPECT_EQ(keys->get<int>("key." + std::to_string(i)), i);
  EXPECT_FALSE(keys->contains("key.5000"));
}

}  // namespace
}  // namespace rocmforge::gguf
