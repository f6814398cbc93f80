// Tests that safetensors files are read without trust, like GGUF files.
#include <cstring>

#include <gtest/gtest.h>

#include "convert/hugging_face/safetensors.h"
#include "support/expect_error.h"
#include "support/hugging_face_folder.h"

namespace rocmforge::convert {
namespace {

using testing::safetensors;
using testing::SafetensorsWriter;
using testing::TempFolder;

std::vector<StoredTensor> parse(const std::string& bytes) {
  return parse_safetensors(std::as_bytes(std::span(bytes)), "some.safetensors");
}

TEST(Safetensors, ReadsTensorsInTheOrderOfTheirBytes) {
  const std::string bytes =
      safetensors(R"({"__metadata__":{"format":"pt"},"b":{"dtype":"U8","shape":[2],"data_offsets":[4,6]},)"
                  R"("a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}   )",
                  "abcdef");
  const auto tensors = parse(bytes);
  ASSERT_EQ(tensors.size(), 2u);
  EXPECT_EQ(tensors[0].name, "a");
  EXPECT_EQ(tensors[0].bytes.size(), 4u);
  EXPECT_EQ(tensors[1].name, "b");
  EXPECT_EQ(tensors[1].shape, std::vector<std::uint64_t>{2});
}

// Such a size must not be allocated, nor read beyond the file.
TEST(Safetensors, RefusesAHeaderThatIsLargerThanTheFileOrTheLimit) {
  std::string bytes = safetensors("{}", "");
  const auto claim = [&](std::uint64_t size) {
    std::memcpy(bytes.data(), &size, sizeof size);
    return bytes;
  };
  EXPECT_ERROR(parse(claim(10'000'000'000)), "the header claims 10,000,000,000 bytes");
  EXPECT_ERROR(parse(claim(~0ull)), "the header claims");
  EXPECT_ERROR(parse(claim(3)), "the header claims 3 bytes, but the file has 2");
  EXPECT_ERROR(parse("short"), "5 bytes is too short for safetensors");
  EXPECT_ERROR(parse(claim(0)), "does not begin with '{'");
}

struct BadHeader {
  std::string header;
  std::string message;
};

TEST(Safetensors, NamesTheTensorThatIsWrong) {
  const std::vector<BadHeader> bad = {
      {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", "tensor 'a' has 4 bytes, expected 8 for F32 [2]"},
      {R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}})", "which is too large"},
      {R"({"a":{"dtype":"F32","shape":[0,4294967296,4294967296],"data_offsets":[0,0]}})", "which is too large"},
      {R"({"a":{"dtype":"U8","shape":[9],"data_offsets":[0,9]}})", "lies at bytes 0 to 9 of 8"},
      {R"({"a":{"dtype":"U8","shape":[0],"data_offsets":[4,2]}})", "lies at bytes 4 to 2 of 8"},
      {R"({"a":{"dtype":"U8","shape":[8],"data_offsets":[0]}})", "has 1 offsets"},
      {R"({"a":{"dtype":"U8","shape":[8]}})", "lacks its data_offsets"},
      {R"({"a":{"shape":[8],"data_offsets":[0,8]}})", "lacks its dtype"},
      {R"({"a":{"dtype":"Q9","shape":[8],"data_offsets":[0,8]}})", "has the type 'Q9'"},
      {R"({"a":{"dtype":"U8","shape":[-8],"data_offsets":[0,8]}})", "a negative number"},
      {R"({"a":{"dtype":"U8","shape":[8.5],"data_offsets":[0,8]}})", "a fraction"},
      {R"({"a":{"dtype":"U8","shape":[1,1,1,1,1,1,1,1,8],"data_offsets":[0,8]}})", "more than 8 dimensions"},
      {R"({"a":{"dtype":"U8","shape":[[8]],"data_offsets":[0,8]}})", "a list in an unexpected place"},
      {R"({"a":{"dtype":"U8","shape":{"x":{}},"data_offsets":[0,8]}})", "an object in an unexpected place"},
      {R"({"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]},"a":{"dtype":"U8","shape":[0],"data_offsets":[8,8]}})",
       "'a' is there twice"},
      {R"({"a":{"dtype":"U8","shape":[6],"data_offsets":[0,6]},"b":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}})",
       "tensor 'b' overlaps 'a'"},
      {R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}})",
       "tensor 'b' leaves a gap after 'a'"},
      {R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}})", "6 bytes after the last tensor belong to none"},
      {R"({"a":7})", "a number in an unexpected place"},
      {R"({"a":{"dtype":"U8",)", "the header is not valid JSON"},
      {R"({"a":null})", "null in an unexpected place"},
      {std::string(100000, '['), "does not begin with '{'"},
      {R"({"a":{"dtype":)" + std::string(100000, '{'), "the header"},
  };
  for (const BadHeader& entry : bad) {
    EXPECT_ERROR(parse(safetensors(entry.header, "12345678")), entry.message);
    EXPECT_ERROR(parse(safetensors(entry.header, "12345678")), "some.safetensors");
  }
}

TEST(Safetensors, RefusesAFileThatIsCutOff) {
  const TempFolder folder;
  const std::string bytes = SafetensorsWriter().add("a", {3, 5}).add("b", {7}).bytes();
  for (const std::size_t size : {bytes.size() - 1, bytes.size() / 2, std::size_t{20}, std::size_t{8}, std::size_t{0}}) {
    const std::string path = folder.write("cut.safetensors", bytes.substr(0, size));
    EXPECT_THROW(SafetensorsFile{path}, Error) << size;
  }
  EXPECT_EQ(SafetensorsFile(folder.write("whole.safetensors", bytes)).tensors().size(), 2u);
}

}  // namespace
}  // namespace rocmforge::convert
