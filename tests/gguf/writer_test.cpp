// Tests the GGUF writer.
#include "gguf/writer.h"

#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <sys/stat.h>

#include <gtest/gtest.h>

#include "gguf/reader.h"
#include "support/expect_error.h"
#include "support/gguf_bytes.h"
#include "support/temp_folder.h"

namespace rocmforge::gguf {
namespace {

using testing::as_bytes;
using testing::GgufBytes;
using testing::read_text;
using testing::TempFolder;

const quant::Format* const kF32 = quant::find_format("F32");
const quant::Format* const kI8 = quant::find_format("I8");

// Returns I8 tensors named a, b, c... of the given sizes.
std::vector<TensorSpec> tensors_of_sizes(std::initializer_list<std::uint64_t> sizes) {
  std::vector<TensorSpec> tensors;
  for (const std::uint64_t size : sizes) {
    tensors.push_back({std::string(1, static_cast<char>('a' + tensors.size())), kI8, Shape{size}});
  }
  return tensors;
}

void write_letters(Writer& writer, std::span<const TensorSpec> tensors) {
  for (std::size_t t = 0; t < tensors.size(); ++t) {
    writer.write_at(t, 0, as_bytes(std::string(writer.size_of(t), tensors[t].name[0])));
  }
}

// Other programs read what is written here: the bytes are exactly the format's.
TEST(GgufWriter, WritesTheFormatByteForByte) {
  const TempFolder folder;
  MetadataBuilder keys;
  keys.set("general.architecture", "llama");
  keys.set("n", std::uint32_t{7});
  keys.set("yes", true);
  keys.set_array("list", std::vector<std::int16_t>{1, -1});
  keys.set_array("names", std::vector<std::string>{"x", ""});
  const std::vector<TensorSpec> tensors = {{"w", kF32, Shape{2, 3}}, {"v", kI8, Shape{5}}};
  Writer writer(folder / "out.gguf", keys, tensors);
  writer.write_at(1, 0, as_bytes("vvvvv"));
  writer.write_at(0, 12, as_bytes("wwwwwwwwwwww"));
  writer.write_at(0, 0, as_bytes("WWWWWWWWWWWW"));
  EXPECT_EQ(folder.file_count(), 0u);
  writer.finish();

  GgufBytes expected;
  expected.string("general.architecture", "llama").number<std::uint32_t>("n", 7).boolean("yes", 1);
  expected.numbers<std::int16_t>("list", {1, -1}).strings("names", {"x", ""});
  expected.tensor("w", 0, {2, 3}, "WWWWWWWWWWWWwwwwwwwwwwww").tensor("v", 24, {5}, "vvvvv");
  EXPECT_EQ(read_text(folder / "out.gguf"), expected.bytes());
  EXPECT_EQ(writer.total_bytes(), expected.bytes().size());
}

// The quantizer writes a tensor in pieces from all threads.
TEST(GgufWriter, TakesPiecesFromManyThreads) {
  const TempFolder folder;
  const auto tensors = tensors_of_sizes({1000, 3000, 77});
  Writer writer(folder / "out.gguf", {}, tensors);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < tensors.size(); ++t) {
    threads.emplace_back([&, t] {
      for (std::uint64_t at = 0; at < writer.size_of(t); ++at) writer.write_at(t, at, as_bytes(tensors[t].name));
    });
  }
  for (std::thread& thread : threads) thread.join();
  writer.finish();
  const File file = File::open(folder / "out.gguf");
  for (const Tensor& tensor : file.tensors()) {
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size()),
              std::string(tensor.bytes.size(), tensor.name[0]));
  }
}

TEST(GgufWriter, KeepsToTheAlignmentAskedFor) {
  const TempFolder folder;
  MetadataBuilder keys;
  keys.set("general.alignment", std::uint32_t{256});
  const auto tensors = tensors_of_sizes({1, 1});
  Writer writer(folder / "out.gguf", keys, tensors);
  write_letters(writer, tensors);
  writer.finish();
  const File file = File::open(folder / "out.gguf");
  EXPECT_EQ(file.offset_in_part(file.tensor("b")) % 256, 0u);
  EXPECT_EQ(file.parts()[0].size % 256, 0u);
  keys.set("general.alignment", std::uint32_t{24});
  EXPECT_ERROR(Writer(folder / "out.gguf", keys, tensors), "must be a power of two from 8 to 1048576");
}

// Hosts limit the size of a file; every program must be able to reassemble a split model.
TEST(GgufWriter, SplitsByBytesAndByTensors) {
  const TempFolder folder;
  MetadataBuilder keys;
  keys.set("general.name", "Tiny");
  keys.set("split.count", std::uint32_t{99});  // copied from a model that was split
  keys.set("general.alignment", std::uint32_t{64});
  const auto tensors = tensors_of_sizes({60, 60, 10, 500, 10});
  Writer writer(folder / "out.gguf", keys, tensors, {.max_bytes = 128});
  EXPECT_EQ(writer.paths().size(), 4u);
  EXPECT_EQ(writer.paths()[1], folder / "out-00002-of-00004.gguf");
  write_letters(writer, tensors);
  EXPECT_EQ(folder.file_count(), 0u);
  writer.finish();

  const File file = File::open(folder / "out-00003-of-00004.gguf");
  EXPECT_EQ(file.tensors().size(), 5u);
  EXPECT_EQ(file.tensor("c").part, 1u);
  EXPECT_EQ(file.metadata().get<std::string_view>("general.name"), "Tiny");
  EXPECT_EQ(file.metadata().value("split.no")->type(), ValueType::kUint16);
  EXPECT_EQ(file.metadata().value("split.count")->type(), ValueType::kUint16);
  EXPECT_EQ(file.metadata().value("split.tensors.count")->type(), ValueType::kInt32);
  const std::string second = read_text(folder / "out-00002-of-00004.gguf");
  EXPECT_EQ(File::from_memory(as_bytes(second), "second").metadata().entries().size(), 3u);
  EXPECT_EQ(Writer(folder / "out.gguf", {}, tensors, {.max_tensors = 2}).paths().size(), 3u);
}

TEST(GgufWriter, MakesOneFileOfWhatFitsOne) {
  const TempFolder folder;
  MetadataBuilder keys;
  keys.set("split.count", std::uint16_t{2});
  const auto tensors = tensors_of_sizes({60});
  Writer writer(folder / "out.gguf", keys, tensors, {.max_bytes = 1 << 20});
  write_letters(writer, tensors);
  writer.finish();
  EXPECT_FALSE(File::open(folder / "out.gguf").metadata().contains("split.count"));
}

// A model whose last tensor was forgotten would load, and talk nonsense.
TEST(GgufWriter, FinishesOnlyWhatIsComplete) {
  const TempFolder folder;
  const auto tensors = tensors_of_sizes({10, 10});
  Writer writer(folder / "out.gguf", {}, tensors);
  writer.write_at(0, 0, as_bytes("aaaaaaaaaa"));
  EXPECT_ERROR(writer.finish(), "tensor_bytes_");
  EXPECT_ERROR(writer.write_at(0, 5, as_bytes("aaaaaa")), "location.size");
  EXPECT_EQ(folder.file_count(), 0u);
}

// Metadata of any kind is copied unchanged, even if this program does not know its meaning.
TEST(GgufWriter, CopiesMetadataVerbatim) {
  const TempFolder folder;
  const std::string nested = testing::raw(8u) + testing::raw(std::uint64_t{1}) + testing::raw_string("deep");
  const std::string source = testing::small_gguf()
                                 .array("bools", 7, 2, std::string_view("\1\0", 2))
                                 .array("nested", 9, 1, nested)
                                 .array("empty", 9, 0, "")
                                 .number("double", 0.1)
                                 .bytes();
  const File read = File::from_memory(as_bytes(source), "source");
  MetadataBuilder keys;
  keys.copy(read.metadata());
  std::vector<TensorSpec> tensors;
  for (const Tensor& tensor : read.tensors())
    tensors.push_back({std::string(tensor.name), tensor.format, tensor.shape});
  Writer writer(folder / "out.gguf", keys, tensors);
  for (std::size_t t = 0; t < tensors.size(); ++t) writer.write_at(t, 0, read.tensors()[t].bytes);
  writer.finish();
  EXPECT_EQ(read_text(folder / "out.gguf"), source);
}

TEST(GgufWriter, ReplacesAndErasesKeys) {
  MetadataBuilder keys;
  keys.set("a", 1);
  keys.set("b", "text");
  keys.set("a", 2.5f);
  keys.erase("b");
  ASSERT_EQ(keys.entries().size(), 1u);
  EXPECT_EQ(keys.entries()[0].type, ValueType::kFloat32);
  EXPECT_FALSE(keys.contains("b"));
  EXPECT_ERROR(keys.set("", 1), "cannot be a metadata key");
  EXPECT_ERROR(keys.set("\xff", 1), "'\\xff' cannot be a metadata key");
}

TEST(GgufWriter, RefusesTensorsThatNoFileCanHold) {
  const TempFolder folder;
  const auto write = [&](const std::vector<TensorSpec>& tensors) { Writer(folder / "out.gguf", {}, tensors); };
  EXPECT_ERROR(write({{"w", quant::find_format("Q4_0"), Shape{33}}}), "tensor 'w' of type Q4_0 has rows of 33 values");
  EXPECT_ERROR(write({{"w", kI8, Shape{1}}, {"w", kI8, Shape{1}}}), "tensor 'w' occurs twice");
  EXPECT_ERROR(write({{"", kI8, Shape{1}}}), "cannot be the name of a tensor");
  EXPECT_ERROR(write({{"w", kI8, Shape{std::uint64_t{1} << 63}}}), "the tensors take more than 8.00 EiB");
  EXPECT_ERROR(write({{"w", kI8, Shape{std::uint64_t{1} << 60}}}), "needs 1.00 EiB, but only");
}

// A model of any size, for tests, without its disk space.
TEST(GgufWriter, LeavesHolesWhenAsked) {
  const TempFolder folder;
  const std::vector<TensorSpec> tensors = {{"w", kI8, Shape{std::uint64_t{1} << 20, std::uint64_t{1} << 17}}};
  Writer(folder / "out.gguf", {}, tensors, {.sparse = true}).finish();
  EXPECT_EQ(File::open(folder / "out.gguf").tensor("w").bytes.size(), std::uint64_t{1} << 37);
}

// `--out /dev/stdout | upload`: data that is written in order can go through a pipe.
TEST(GgufWriter, WritesToAPipeInOrder) {
  const TempFolder folder;
  const auto tensors = tensors_of_sizes({10, 40, 32});
  const auto write = [&](const std::string& path) {
    Writer writer(path, {}, tensors);
    write_letters(writer, tensors);
    writer.finish();
  };
  ASSERT_EQ(mkfifo((folder / "pipe").c_str(), 0600), 0);
  std::string piped;
  std::thread reader([&] { piped = read_text(folder / "pipe"); });
  write(folder / "pipe");
  reader.join();
  write(folder / "out.gguf");
  EXPECT_EQ(piped, read_text(folder / "out.gguf"));
}

}  // namespace
}  // namespace rocmforge::gguf
