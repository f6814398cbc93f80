// Tests NumPy files.
#include "base/npy.h"

#include <array>
#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "support/expect_error.h"
#include "support/temp_folder.h"

namespace rocmforge {
namespace {

using testing::read_text;
using testing::TempFolder;

std::string npy(std::string dictionary, std::string_view data, char version = 1) {
  dictionary += '\n';
  std::string file = "\x93NUMPY";
  file += {version, 0, static_cast<char>(dictionary.size()), static_cast<char>(dictionary.size() >> 8)};
  if (version == 2) file += {0, 0};
  return file + dictionary + std::string(data);
}

constexpr std::string_view kOne("\0\0\x80\x3f", 4);
constexpr const char* kScalar = "{'descr': '<f4', 'fortran_order': False, 'shape': (), }";

// Other programs read the files that `logits` writes, so the bytes must be those of NumPy.
TEST(Npy, WritesWhatNumPyWrites) {
  const TempFolder folder;
  const std::array<float, 2> values = {1.0f, -2.5f};
  NpyWriter writer(folder / "a.npy", std::array<std::size_t, 2>{1, 2});
  writer.append(values);
  writer.commit();
  std::string expected = "\x93NUMPY";
  expected += {1, 0, 'v', 0};
  expected += "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }";
  expected += std::string(127 - expected.size(), ' ') + '\n';
  expected += std::string_view("\0\0\x80\x3f\0\0\x20\xc0", 8);
  EXPECT_EQ(read_text(folder / "a.npy"), expected);
}

TEST(Npy, ReadsBackEveryShape) {
  const TempFolder folder;
  for (const std::vector<std::size_t>& shape : {std::vector<std::size_t>{}, {3}, {2, 3}, {2, 3, 1, 2}, {0}, {4, 0}}) {
    std::size_t count = 1;
    for (const std::size_t dimension : shape) count *= dimension;
    std::vector<float> values(count, std::numeric_limits<float>::denorm_min());
    NpyWriter writer(folder / "a.npy", shape);
    for (const float& value : values) writer.append({&value, 1});
    writer.commit();
    const NpyArray array = read_npy(folder / "a.npy");
    EXPECT_EQ(array.shape, shape);
    EXPECT_EQ(array.values, values);
  }
}

TEST(Npy, ReadsVersion2AndAnyOrderOfEntries) {
  const TempFolder folder;
  EXPECT_EQ(read_npy(folder.write("a", npy(kScalar, kOne, 2))).values, std::vector<float>{1.0f});
  const std::string other = R"({"shape":(1,1),"fortran_order":False,"descr":"<f4"})";
  EXPECT_EQ(read_npy(folder.write("a", npy(other, kOne))).shape, (std::vector<std::size_t>{1, 1}));
}

// A file that is misread gives wrong numbers without a message.
TEST(Npy, RefusesWhatItCannotRead) {
  const TempFolder folder;
  const auto read = [&](std::string_view content) { return read_npy(folder.write("a.npy", content)); };
  EXPECT_ERROR(read(""), "a.npy: is not an npy file");
  EXPECT_ERROR(read("PK\x03\x04"), "is not an npy file");
  EXPECT_ERROR(read("\x93NUMPY\x01"), "ends within the npy header");
  EXPECT_ERROR(read(npy(kScalar, kOne, 3)), "neither 1.0 nor 2.0");
  EXPECT_ERROR(read(npy(kScalar, kOne).substr(0, 30)), "ends within the npy header");
  EXPECT_ERROR(read(npy(kScalar, "")), "holds 0 bytes");
  EXPECT_ERROR(read(npy(kScalar, "12345")), "holds 5 bytes");
  const auto entries = [&](std::string_view descr, std::string_view order, std::string_view shape) {
    return read(npy(fmt::format("{{'descr': {}, 'fortran_order': {}, 'shape': {}}}", descr, order, shape), kOne));
  };
  EXPECT_ERROR(entries("'<f8'", "False", "()"), "type '<f8', expected '<f4' (float32)");
  EXPECT_ERROR(entries("'<f4'", "True", "()"), "'fortran_order' is not False");
  EXPECT_ERROR(entries("'<f4'", "False", "(-1,)"), "'shape' is not a list of sizes");
  EXPECT_ERROR(entries("'<f4'", "False", "(4294967296, 4294967296)"), "is not shape");
  EXPECT_ERROR(entries("'<f4'", "False", "(4611686018427387905,)"), "is not shape");
  EXPECT_ERROR(entries("'<f4'", "False", "(1"), "bad npy header");
  EXPECT_ERROR(read(npy("{'descr': '<f4', 'shape': ()}", kOne)), "is missing");
  EXPECT_ERROR(read(npy("{'descr': '<f4', 'descr': '<f4'}", kOne)), "unexpected entry 'descr'");
  EXPECT_ERROR(read(npy("{'\x1b[2J': 1}", kOne)), "unexpected entry '\\x1b[2J'");
}

// Half a matrix under the final name would pass for a whole one.
TEST(Npy, CommitsOnlyWhenComplete) {
  const TempFolder folder;
  NpyWriter writer(folder / "a.npy", std::array<std::size_t, 1>{2});
  const std::array<float, 3> values = {};
  writer.append(std::span(values).first(1));
  EXPECT_ERROR(writer.commit(), "missing_ == 0");
  EXPECT_ERROR(writer.append(std::span(values).first(2)), "missing_");
  EXPECT_EQ(folder.file_count(), 0u);
}

}  // namespace
}  // namespace rocmforge
