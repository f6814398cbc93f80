// Tests memory-mapped files, including files that shrink while they are mapped.
#include "base/mapped_file.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "support/expect_error.h"
#include "support/temp_folder.h"

namespace rocmforge {
namespace {

using testing::TempFolder;

std::string text_of(const MappedFile& file) {
  return {reinterpret_cast<const char*>(file.bytes().data()), file.size()};
}

// Returns the kilobytes of this process that are resident because of mapped files.
long resident_file_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("RssFile:")) return std::stol(line.substr(8));
  }
  return 0;
}

TEST(MappedFile, ShowsTheBytesOfTheFile) {
  const TempFolder folder;
  const MappedFile file(folder.write("a", "content"));
  EXPECT_EQ(text_of(file), "content");
  EXPECT_NO_THROW(file.check_intact());
  EXPECT_EQ(MappedFile(folder.write("empty", "")).size(), 0u);
}

TEST(MappedFile, MovesWithoutLosingTheMapping) {
  const TempFolder folder;
  MappedFile first(folder.write("a", "content"));
  MappedFile second(std::move(first));
  first = MappedFile(folder.write("b", "other"));
  EXPECT_EQ(text_of(second) + text_of(first), "contentother");
}

// Whoever gives the wrong path is told what is wrong with it; a pipe must not hang the program.
TEST(MappedFile, SaysWhyAFileCannotBeRead) {
  const TempFolder folder;
  EXPECT_ERROR(MappedFile(folder / "missing"), "missing: cannot open: No such file or directory");
  EXPECT_ERROR(MappedFile(folder.path().string()), "is a directory, expected a regular file");
  EXPECT_ERROR(MappedFile("/dev/null"), "is a device");
  ASSERT_EQ(mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_ERROR(MappedFile(folder / "pipe"), "is a pipe");
  if (geteuid() != 0) {
    const std::string path = folder.write("secret", "x");
    chmod(path.c_str(), 0);
    EXPECT_ERROR(MappedFile(path), "Permission denied");
  }
}

// Overwriting a model that a server has loaded must give an error, not a crash.
TEST(MappedFile, OutlivesAFileThatShrinks) {
  const TempFolder folder;
  const std::string path = folder.write("model", std::string(1 << 20, 'x'));
  const MappedFile file(path), untouched(folder.write("other", std::string(1 << 20, 'y')));
  std::filesystem::resize_file(path, 5000);
  const auto zeros = std::count(file.bytes().begin(), file.bytes().end(), std::byte{0});
  EXPECT_GE(zeros, (1 << 20) - 8192);
  EXPECT_ERROR(file.check_intact(), "shrank from 1,048,576 to 5,000 bytes while in use");

  std::filesystem::resize_file(path, 1 << 20);
  EXPECT_ERROR(file.check_intact(), "could not be read while in use");
  EXPECT_NO_THROW(untouched.check_intact());
}

// Faults elsewhere are bugs and must stay visible: only pages that this program mapped are replaced by zeros.
TEST(MappedFileDeathTest, LeavesOtherBusErrorsAlone) {
  const TempFolder folder;
  const MappedFile guarded(folder.write("guarded", "content"));
  const std::string path = folder.write("unguarded", std::string(8192, 'x'));
  const int descriptor = open(path.c_str(), O_RDONLY);
  const void* const data = mmap(nullptr, 8192, PROT_READ, MAP_SHARED, descriptor, 0);
  ASSERT_NE(data, MAP_FAILED);
  std::filesystem::resize_file(path, 0);
  EXPECT_DEATH(std::exit(*static_cast<const volatile char*>(data)), "");
  EXPECT_DEATH(raise(SIGBUS), "");
}

// The header of a hostile file may be huge; reading it must not fill the memory.
TEST(MappedFile, ReleasesPagesThatWereRead) {
  constexpr std::size_t kSize = 64 << 20;
  const TempFolder folder;
  const std::string path = folder.write("large", "");
  std::filesystem::resize_file(path, kSize);
  const MappedFile file(path);
  const long before = resident_file_kib();
  EXPECT_EQ(std::count(file.bytes().begin(), file.bytes().end(), std::byte{1}), 0);
  EXPECT_GE(resident_file_kib() - before, static_cast<long>(kSize >> 11));
  file.release(0, kSize);
  EXPECT_LE(resident_file_kib() - before, 1024);
  EXPECT_EQ(file.bytes().back(), std::byte{0});
}

// Advice and release accept any range, also at the end of the file and beyond.
TEST(MappedFile, AcceptsAnyRange) {
  const TempFolder folder;
  const MappedFile file(folder.write("a", std::string(10000, 'x')));
  file.will_need(4097, 10);
  file.will_need(0, static_cast<std::size_t>(-1));
  file.will_need(20000, 1);
  file.release(1, 100);
  file.release(9999, static_cast<std::size_t>(-1));
  file.release(20000, 1);
  EXPECT_EQ(text_of(file), std::string(10000, 'x'));
}

// A model in hundreds of parts must open, and several of them at once.
TEST(MappedFile, ManyFilesAtOnce) {
  const TempFolder folder;
  const std::string path = folder.write("a", "content");
  std::vector<MappedFile> files;
  for (int i = 0; i < 500; ++i) files.emplace_back(path);
  EXPECT_EQ(text_of(files.back()), "content");
}

}  // namespace
}  // namespace rocmforge
