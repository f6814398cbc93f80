// Tests opening GGUF files: valid ones, and the message for every kind of malformed one.
#include "gguf/reader.h"

#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/expect_error.h"
#include "support/gguf_bytes.h"
#include "support/temp_folder.h"

namespace rocmforge::gguf {
namespace {

using testing::GgufBytes;
using testing::raw;
using testing::raw_string;
using testing::small_gguf;
using testing::TempFolder;

File parse(const std::string& bytes) { return File::from_memory(testing::as_bytes(bytes), "tiny.gguf"); }
File parse(const GgufBytes& file) {
  static std::string kept;  // a file in memory must outlive the objects read from it
  kept = file.bytes();
  return parse(kept);
}

std::string text_of(const Tensor& tensor) {
  return {reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size()};
}

TEST(GgufReader, ReadsTensorsWhereTheyLie) {
  const TempFolder folder;
  const File file = File::open(folder.write("tiny.gguf", small_gguf().bytes()));
  ASSERT_EQ(file.tensors().size(), 2u);
  const Tensor& embedding = file.tensors()[0];
  EXPECT_EQ(embedding.name, "token_embd.weight");
  EXPECT_EQ(embedding.shape, (Shape{4, 3}));
  EXPECT_EQ(embedding.format->id, quant::FormatId::kF32);
  EXPECT_EQ(text_of(embedding), std::string(48, 'e'));
  const Tensor& output = file.tensor("output.weight");
  EXPECT_EQ(output.format->id, quant::FormatId::kQ4_0);
  EXPECT_EQ(text_of(output), std::string(54, 'o'));
  EXPECT_EQ(file.offset_in_part(output), file.parts()[0].data_offset + 64);
  EXPECT_EQ(file.find_tensor("no.such"), nullptr);
  EXPECT_NO_THROW(file.check_intact());
}

// A file with keys only is a vocabulary and needs no padding at its end.
TEST(GgufReader, ReadsAFileWithoutTensors) {
  EXPECT_TRUE(parse(GgufBytes().string("general.architecture", "llama").header()).tensors().empty());
  EXPECT_TRUE(parse(GgufBytes().header()).metadata().entries().empty());
}

TEST(GgufReader, ReadsVersion2AndOtherAlignments) {
  EXPECT_EQ(parse(small_gguf().version(2)).parts()[0].version, 2u);
  GgufBytes file;
  file.alignment(128).number<std::uint32_t>("general.alignment", 128);
  file.tensor("a", 0, {1}, "aaaa").tensor("b", 0, {1}, "bbbb");
  EXPECT_EQ(text_of(parse(file).tensor("b")), "bbbb");
}

// Programs that edit files leave gaps, which are allowed, as are bytes after the last tensor.
TEST(GgufReader, AcceptsGapsAndAnyOrder) {
  GgufBytes file;
  file.tensor_at("second", 0, {1}, 64).tensor_at("first", 0, {1}, 0);
  file.data("1111" + std::string(60, 'x') + "2222" + std::string(100, 'x'));
  EXPECT_EQ(text_of(parse(file).tensor("second")), "2222");
  EXPECT_EQ(text_of(parse(file).tensor("first")), "1111");
}

// For another kind of file, the error says what it is.
TEST(GgufReader, SaysWhatAFileIsInstead) {
  EXPECT_ERROR(parse(std::string()), "tiny.gguf: is empty");
  EXPECT_ERROR(parse("GG"), "ends within its first 4 bytes");
  EXPECT_ERROR(parse("version https://git-lfs.github.com/spec/v1\noid sha256:0"), "run `git lfs pull`");
  EXPECT_ERROR(parse("<!DOCTYPE html><html><body>404</body></html>"), "is a web page");
  EXPECT_ERROR(parse("\n {\"error\": \"no access\"}"), "is a JSON text");
  EXPECT_ERROR(parse(raw(std::uint64_t{64}) + "{\"__metadata__\":{}"), "is a safetensors file");
  EXPECT_ERROR(parse("tjgg\x03"), "is a GGJT file");
  EXPECT_ERROR(parse("PK\x03\x04 and so on"), "is a ZIP archive");
  EXPECT_ERROR(parse(std::string(1024, '\0')), "begins with zeros");
  EXPECT_ERROR(parse("\x1b[2Jx"), "begins with '\\x1b[2J', expected 'GGUF'");
  EXPECT_ERROR(parse(small_gguf().magic("gguf")), "is not a GGUF file: it begins with 'gguf'");
}

TEST(GgufReader, RefusesVersionsThatItCannotRead) {
  EXPECT_ERROR(parse(small_gguf().version(0)), "version 0, expected 2 or 3");
  EXPECT_ERROR(parse(small_gguf().version(1)), "version 1, which is obsolete");
  EXPECT_ERROR(parse(small_gguf().version(4)), "version 4, expected 2 or 3");
  EXPECT_ERROR(parse(small_gguf().version(0x03000000)), "big-endian");
}

// Numbers that only a damaged or hostile file has must not become allocations.
TEST(GgufReader, HoldsClaimsAgainstTheFile) {
  const auto claims = [](std::uint64_t keys, std::uint64_t tensors) {
    return small_gguf().claim_keys(keys).claim_tensors(tensors).bytes();
  };
  EXPECT_ERROR(parse(claims(~std::uint64_t{0}, 2)), "claims 18,446,744,073,709,551,615 keys, but only");
  EXPECT_ERROR(parse(claims(8, std::uint64_t{1} << 63)), "claims 9,223,372,036,854,775,808 tensors, but only");
  EXPECT_ERROR(parse(GgufBytes().claim_keys(100000).data(std::string(2000000, 'x'))), "at most 65,536 are allowed");
  const auto keyed = [](std::uint32_t type, const std::string& value) {
    return GgufBytes().key("k", type, value).bytes();
  };
  EXPECT_ERROR(parse(keyed(8, raw(std::uint64_t{1} << 60))), "key 'k' has a string of 1,152,921,504,606,846,976 bytes");
  EXPECT_ERROR(parse(keyed(9, raw(10u) + raw(std::uint64_t{1} << 61))),
               "claims an array of 2,305,843,009,213,693,952 uint64");
  EXPECT_ERROR(parse(keyed(9, raw(8u) + raw(std::uint64_t{2}) + raw_string("x") + raw(~std::uint64_t{7}))),
               "key 'k' has a string");
}

TEST(GgufReader, RefusesValuesThatAreNone) {
  EXPECT_ERROR(parse(GgufBytes().key("k", 13, "x")), "key 'k' has a value of type 13, which does not exist");
  EXPECT_ERROR(parse(GgufBytes().array("k", 99, 0, "")), "key 'k' has a value of type 99");
  EXPECT_ERROR(parse(GgufBytes().boolean("k", 2)), "key 'k' is a bool with the value 2, expected 0 or 1");
  EXPECT_ERROR(parse(GgufBytes().string("", "x").string("k", "x")), "key 1 of 2 has an empty name");
  EXPECT_ERROR(parse(GgufBytes().string("a\xff", "x")), "not UTF-8 text: 'a\\xff'");
  EXPECT_ERROR(parse(GgufBytes().string(std::string_view("a\0b", 3), "x")), "not UTF-8 text: 'a\\x00b'");
  EXPECT_ERROR(parse(GgufBytes().string("k", "1").string("k", "2")), "key 'k' occurs twice");
  EXPECT_NO_THROW(parse(GgufBytes().string("k", "\xed\xa0\x80")));
}

// A file must not control the depth of recursion.
TEST(GgufReader, BoundsTheDepthOfArrays) {
  const auto nested = [](int depth) {
    std::string value;
    for (int i = 1; i < depth; ++i) value += raw(9u) + raw(std::uint64_t{1});
    return GgufBytes().key("k", 9, value + raw(0u) + raw(std::uint64_t{1}) + "x").bytes();
  };
  EXPECT_NO_THROW(parse(nested(kMaxArrayDepth)));
  EXPECT_ERROR(parse(nested(kMaxArrayDepth + 1)), "key 'k' has arrays nested more than 8 deep");
  EXPECT_ERROR(parse(nested(100000)), "nested more than 8 deep");
}

TEST(GgufReader, ChecksTheAlignment) {
  for (const std::uint32_t wrong : {0u, 3u, 4u, 48u, 1u << 31}) {
    EXPECT_ERROR(parse(small_gguf().number("general.alignment", wrong)), "expected a power of two from 8 to 1048576");
  }
  EXPECT_ERROR(parse(small_gguf().string("general.alignment", "32")),
               "'general.alignment' is a string, expected an integer");
}

// Formats that no longer exist are named, so that the owner can look for another file.
TEST(GgufReader, NamesTensorTypesThatItCannotRead) {
  const auto typed = [](std::uint32_t type) {
    return GgufBytes().tensor("w", type, {32}, std::string(64, 'x')).bytes();
  };
  EXPECT_ERROR(parse(typed(200)), "tensor 'w' has type 200, which is unknown");
  EXPECT_ERROR(parse(typed(4)), "type 4, Q4_2, which was removed");
  EXPECT_ERROR(parse(typed(31)), "Q4_0_4_4, which was removed from the format; use a Q4_0 file");
  EXPECT_ERROR(parse(typed(9)), "Q8_1, which is for intermediate results");
}

TEST(GgufReader, ChecksShapes) {
  const auto shaped = [](std::initializer_list<std::uint64_t> shape, std::uint32_t type = 0) {
    return GgufBytes().tensor_at("w", type, shape, 0).data(std::string(4096, 'x')).bytes();
  };
  constexpr std::uint64_t k2To32 = std::uint64_t{1} << 32;
  EXPECT_ERROR(parse(shaped({})), "tensor 'w' has 0 dimensions, expected 1 to 4");
  EXPECT_ERROR(parse(shaped({1, 1, 1, 1, 1})), "has 5 dimensions");
  EXPECT_ERROR(parse(shaped({4, 0})), "has shape [4, 0]: a dimension of 0");
  EXPECT_ERROR(parse(shaped({k2To32, k2To32})), "more values than 64 bits can count");
  EXPECT_ERROR(parse(shaped({k2To32, k2To32 / 4})), "more bytes than 64 bits can count");
  EXPECT_ERROR(parse(shaped({33, 2}, 2)), "tensor 'w' of type Q4_0 has rows of 33 values, not a multiple of 32");
  EXPECT_NO_THROW(parse(shaped({32, 2, 2, 2}, 2)));
}

// Tensors that overlap or lie outside the file would be misread.
TEST(GgufReader, ChecksPlaces) {
  const auto placed = [](std::uint64_t first, std::uint64_t second, std::size_t data) {
    return GgufBytes()
        .tensor_at("a", 0, {16}, first)
        .tensor_at("b", 0, {16}, second)
        .data(std::string(data, 'x'))
        .bytes();
  };
  EXPECT_NO_THROW(parse(placed(0, 64, 128)));
  EXPECT_ERROR(parse(placed(0, 1, 128)), "tensor 'b' has offset 1, not a multiple of the alignment, 32");
  EXPECT_ERROR(parse(placed(0, 32, 128)), "tensor 'b' at offset 32 overlaps tensor 'a', which ends at offset 64");
  EXPECT_ERROR(parse(placed(64, 64, 128)), "overlaps");
  EXPECT_ERROR(parse(placed(0, std::uint64_t{1} << 63, 128)), "are missing: tensor 'b' ends at byte");
  EXPECT_ERROR(parse(placed(0, ~std::uint64_t{31}, 128)), "beyond what 64 bits can count");
}

// A truncated download must not pass for a smaller model.
TEST(GgufReader, SaysHowManyBytesAreMissing) {
  const std::string whole = small_gguf().bytes();
  const std::size_t end = whole.size() - 10;  // the last tensor's padding may be missing
  EXPECT_NO_THROW(parse(whole.substr(0, end)));
  EXPECT_ERROR(parse(whole.substr(0, end - 1)), "tiny.gguf: 1 byte is missing: tensor 'output.weight' ends at byte");
  EXPECT_ERROR(parse(whole.substr(0, end - 100)), "100 bytes are missing");
}

TEST(GgufReader, RefusesANameThatIsThereTwice) {
  GgufBytes file;
  file.tensor("w", 0, {1}, "aaaa").tensor("w", 0, {1}, "bbbb");
  EXPECT_ERROR(parse(file), "tensor 'w' occurs twice");
}

// A typing error in a tensor's name should cost a second, not a search.
TEST(GgufReader, SuggestsTheNearestTensor) {
  EXPECT_ERROR(parse(small_gguf()).tensor("output.wieght"), "did you mean 'output.weight'?");
  EXPECT_ERROR(parse(small_gguf()).tensor("blk.0.attn_q.weight"), "has no tensor 'blk.0.attn_q.weight'");
}

// Names are shown to people and must not talk to their terminal.
TEST(GgufReader, PrintsHostileNamesHarmlessly) {
  GgufBytes file;
  file.tensor_at("\x1b[31mw", 200, {32}, 0);
  EXPECT_ERROR(parse(file), "tensor '\\x1b[31mw' has type 200");
}

// If a file is overwritten while a model runs, this is reported and does not end the program.
TEST(GgufReader, OutlivesAFileThatShrinks) {
  const TempFolder folder;
  GgufBytes large;
  large.strings("tokens", {"a", "b", "c"}).tensor("w", 24, {1 << 20}, std::string(1 << 20, 'x'));
  const std::string path = folder.write("tiny.gguf", large.bytes());
  const File file = File::open(path);
  const Tensor& weight = file.tensor("w");
  const Value& tokens = *file.metadata().value("tokens");
  std::filesystem::resize_file(path, 0);
  EXPECT_EQ(text_of(weight), std::string(1 << 20, '\0'));
  EXPECT_ERROR(file.tensor("w"), "shrank from");
  EXPECT_EQ(tokens.array().strings(), (std::vector<std::string_view>{"", "", ""}));
  EXPECT_ERROR(file.check_intact(), "shrank from");
}

// Lengths inside the file may change after they were checked; following them would leave the mapping.
TEST(GgufReader, ChecksArraysAgainWhenReadingThem) {
  std::string bytes = GgufBytes().strings("tokens", {"first", "second"}).bytes();
  const File file = parse(bytes);
  bytes[bytes.find("second") - 8] = '\x7f';
  EXPECT_ERROR(file.metadata().get<std::vector<std::string_view>>("tokens"), "overwritten while in use");
  const auto walk = [&] {
    for (const Value token : file.metadata().value("tokens")->array()) EXPECT_LE(token.string().size(), 6u);
  };
  EXPECT_ERROR(walk(), "overwritten while in use");
}

}  // namespace
}  // namespace rocmforge::gguf
