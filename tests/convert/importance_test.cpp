// Tests importance matrices in both of llama.cpp's formats.
#include "convert/importance.h"

#include <cstring>

#include <gtest/gtest.h>

#include "gguf/writer.h"
#include "support/expect_error.h"
#include "support/temp_folder.h"

namespace rocmforge::convert {
namespace {

using testing::TempFolder;

// ---- The old format, byte by byte ----

std::string int32(std::int32_t value) { return {reinterpret_cast<const char*>(&value), sizeof(value)}; }
std::string text(const std::string& value) { return int32(static_cast<std::int32_t>(value.size())) + value; }

std::string entry(const std::string& name, std::int32_t calls, const std::vector<float>& values) {
  return text(name) + int32(calls) + int32(static_cast<std::int32_t>(values.size())) +
         std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
}

const std::string kOldForm =
    int32(2) + entry("a.weight", 4, {4, 8, 0}) + entry("b.weight", 0, {5}) + int32(10) + text("wiki");

TEST(ImportanceMatrix, ReadsTheOldForm) {
  const TempFolder folder;
  const ImportanceMatrix matrix = ImportanceMatrix::load(folder.write("old.dat", kOldForm));
  EXPECT_EQ(matrix.entries(), 2u);
  EXPECT_THAT(matrix.find("a.weight"), ::testing::ElementsAre(1, 2, 0));
  EXPECT_THAT(matrix.find("b.weight"), ::testing::ElementsAre(5));  // a count of 0: the values themselves
  EXPECT_TRUE(matrix.find("c.weight").empty());
  EXPECT_EQ(matrix.chunks(), 10u);
  EXPECT_EQ(matrix.dataset(), "wiki");
}

TEST(ImportanceMatrix, ReadsVeryOldFilesThatEndAfterTheEntries) {
  const TempFolder folder;
  const ImportanceMatrix matrix = ImportanceMatrix::load(folder.write("old.dat", int32(1) + entry("a", 1, {7})));
  EXPECT_EQ(matrix.chunks(), 0u);
  EXPECT_EQ(matrix.dataset(), "");
}

// A file that is truncated anywhere but after the entries or the chunks must give an error, never a crash or a smaller
// matrix.
TEST(ImportanceMatrix, RefusesTheOldFormCutAnywhere) {
  const TempFolder folder;
  const std::size_t tail = int32(10).size() + text("wiki").size();
  for (std::size_t length = 0; length < kOldForm.size(); ++length) {
    if (length == kOldForm.size() - tail || length == kOldForm.size() - text("wiki").size()) continue;
    EXPECT_ERROR(ImportanceMatrix::load(folder.write("old.dat", kOldForm.substr(0, length))), "old.dat");
  }
}

TEST(ImportanceMatrix, RefusesClaimsBeyondTheFile) {
  const TempFolder folder;
  const auto load = [&](const std::string& bytes) { return ImportanceMatrix::load(folder.write("old.dat", bytes)); };
  EXPECT_ERROR(load(int32(-1)), "expected at least 1");
  EXPECT_ERROR(load(int32(1 << 30) + entry("a", 1, {1})), "ends within");
  EXPECT_ERROR(load(int32(1) + text("a") + int32(1) + int32(0x7fffffff)), "ends within");
  EXPECT_ERROR(load(int32(1) + int32(0x7fffffff) + "a"), "ends within");
  EXPECT_ERROR(load(int32(2) + entry("a", 1, {1}) + entry("a", 1, {1})), "twice");
  EXPECT_ERROR(load(int32(1) + entry("a", 1, {-1})), "expected a number of at least 0");
  EXPECT_ERROR(load(int32(1) + entry("a", 1, {std::nanf("")})), "'a'");
}

// ---- The GGUF format ----

struct Sums {
  std::string name;
  gguf::Shape shape;
  std::vector<float> values;
};

std::string write_gguf(const TempFolder& folder, const std::vector<Sums>& tensors, bool with_keys = true) {
  gguf::MetadataBuilder keys;
  keys.set("general.type", "imatrix");
  if (with_keys) {
    const std::vector<std::string> datasets = {"first", "second"};
    keys.set_array("imatrix.datasets", std::span<const std::string>(datasets));
    keys.set("imatrix.chunk_count", std::uint32_t{3});
    keys.set("imatrix.chunk_size", std::uint32_t{512});
  }
  std::vector<gguf::TensorSpec> specs;
  for (const Sums& tensor : tensors) {
    specs.push_back({tensor.name, &quant::format_of(quant::FormatId::kF32), tensor.shape});
  }
  gguf::Writer writer(folder / "imatrix.gguf", keys, specs);
  for (std::size_t t = 0; t < tensors.size(); ++t) writer.write_at(t, 0, std::as_bytes(std::span(tensors[t].values)));
  writer.finish();
  return folder / "imatrix.gguf";
}

TEST(ImportanceMatrix, ReadsTheGgufFormExpertByExpert) {
  const TempFolder folder;
  const ImportanceMatrix matrix = ImportanceMatrix::load(write_gguf(
      folder, {{"x.weight.in_sum2", {2, 3}, {2, 4, 30, 60, 5, 5}}, {"x.weight.counts", {1, 3}, {2, 10, 0}}}));
  EXPECT_THAT(matrix.find("x.weight"), ::testing::ElementsAre(1, 2, 3, 6, 1, 1));  // the last expert was never used
  EXPECT_EQ(matrix.chunks(), 3u);
  EXPECT_EQ(matrix.dataset(), "first");
}

TEST(ImportanceMatrix, RefusesGgufFilesThatAreNone) {
  const TempFolder folder;
  const Sums sums = {"x.weight.in_sum2", {2, 1}, {1, 2}};
  const Sums counts = {"x.weight.counts", {1, 1}, {1}};
  EXPECT_ERROR(ImportanceMatrix::load(write_gguf(folder, {sums, counts}, false)), "imatrix.datasets");
  EXPECT_ERROR(ImportanceMatrix::load(write_gguf(folder, {sums})), "no counts");
  EXPECT_ERROR(ImportanceMatrix::load(write_gguf(folder, {counts})), "no sums");
  EXPECT_ERROR(ImportanceMatrix::load(write_gguf(folder, {sums, {"x.weight.counts", {1, 3}, {1, 1, 1}}})),
               "3 matrices");
}

}  // namespace
}  // namespace rocmforge::convert
