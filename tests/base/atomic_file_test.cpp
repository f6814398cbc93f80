// Tests that an output file appears complete or not at all.
#include "base/atomic_file.h"

#include <csignal>
#include <filesystem>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "support/expect_error.h"
#include "support/temp_folder.h"

namespace rocmforge {
namespace {

using testing::read_text;
using testing::TempFolder;

std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }

void write_file(const std::string& path, std::string_view content) {
  AtomicFile file(path);
  file.write(bytes(content));
  file.commit();
}

mode_t permissions(const std::string& path) {
  struct stat status{};
  stat(path.c_str(), &status);
  return status.st_mode & 0777;
}

// The old model stays until the new one is complete, whatever happens in between.
TEST(AtomicFile, AppearsOnCommitOnly) {
  const TempFolder folder;
  const std::string path = folder.write("model", "old");
  {
    AtomicFile file(path);
    file.write(bytes("half of the n"));
    EXPECT_EQ(read_text(path), "old");
  }
  EXPECT_EQ(read_text(path), "old");
  write_file(path, "new");
  EXPECT_EQ(read_text(path), "new");
  EXPECT_EQ(folder.file_count(), 1u);
}

// A conversion that is killed must not leave 40 GB behind that nobody knows of.
TEST(AtomicFile, LeavesNothingWhenKilled) {
  const TempFolder folder;
  if (const int probe = open(folder.path().c_str(), O_TMPFILE | O_WRONLY, 0600); probe < 0) {
    GTEST_SKIP() << "the file system of the temporary folder has no O_TMPFILE";
  } else {
    close(probe);
  }
  const pid_t child = fork();
  if (child == 0) {
    AtomicFile file(folder / "model");
    file.write(bytes("data"));
    kill(getpid(), SIGKILL);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(folder.file_count(), 0u);
}

// Tensors are written by many threads, each at its place.
TEST(AtomicFile, WritesAtAnyPlaceFromManyThreads) {
  const TempFolder folder;
  AtomicFile file(folder / "model");
  file.preallocate(8 * 1000);
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&file, t] {
      const std::string part(1000, static_cast<char>('a' + t));
      for (std::size_t i = 0; i < 1000; i += 100) {
        file.write_at(static_cast<std::uint64_t>(t) * 1000 + i, bytes(std::string_view(part).substr(i, 100)));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  file.commit();
  std::string expected;
  for (char c = 'a'; c < 'i'; ++c) expected += std::string(1000, c);
  EXPECT_EQ(read_text(folder / "model"), expected);
}

// A file that others may not read must not become public by being made anew, nor the other way round.
TEST(AtomicFile, KeepsPermissions) {
  const TempFolder folder;
  const mode_t old_mask = umask(027);
  write_file(folder / "fresh", "x");
  umask(old_mask);
  EXPECT_EQ(permissions(folder / "fresh"), 0640u);
  const std::string path = folder.write("existing", "x");
  chmod(path.c_str(), 0604);
  write_file(path, "y");
  EXPECT_EQ(permissions(path), 0604u);
}

// `--out /dev/null` must not replace the device with a file.
TEST(AtomicFile, WritesToDevicesAndPipesDirectly) {
  write_file("/dev/null", "x");
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
  AtomicFile null("/dev/null");
  null.write_at(1000, bytes("in any order"));
  null.write_at(0, bytes("in any order"));
  null.commit();

  const TempFolder folder;
  ASSERT_EQ(mkfifo((folder / "pipe").c_str(), 0600), 0);
  std::thread reader([&] { EXPECT_EQ(read_text(folder / "pipe"), "first second"); });
  {
    AtomicFile pipe(folder / "pipe");
    pipe.write(bytes("first "));
    pipe.write_at(6, bytes("second"));
    EXPECT_ERROR(pipe.write_at(0, bytes("x")), "not written in order");
    pipe.preallocate(100);
    pipe.commit();
  }
  reader.join();
  EXPECT_TRUE(std::filesystem::is_fifo(folder / "pipe"));
}

// `--out /dev/stdout >> log` appends to what the shell opened.
TEST(AtomicFile, ContinuesAnInheritedDescriptor) {
  const TempFolder folder;
  const int descriptor = open((folder / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ASSERT_GE(descriptor, 0);
  ASSERT_EQ(write(descriptor, "before ", 7), 7);
  write_file("/dev/fd/" + std::to_string(descriptor), "data");
  ASSERT_EQ(write(descriptor, " after", 6), 6);
  close(descriptor);
  EXPECT_EQ(read_text(folder / "log"), "before data after");
}

// Models are often links into a store; the link must stay one.
TEST(AtomicFile, ReplacesWhatALinkPointsTo) {
  const TempFolder folder;
  folder.write("store/blob", "old");
  std::filesystem::create_symlink("store/blob", folder / "model");
  write_file(folder / "model", "new");
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "model"));
  EXPECT_EQ(read_text(folder / "store/blob"), "new");

  std::filesystem::create_symlink("store/fresh", folder / "dangling");
  write_file(folder / "dangling", "made");
  EXPECT_EQ(read_text(folder / "store/fresh"), "made");
  std::filesystem::create_symlink("loop", folder / "loop");
  EXPECT_ERROR(AtomicFile(folder / "loop"), "Too many levels of symbolic links");
}

TEST(AtomicFile, SaysWhyItCannotWrite) {
  const TempFolder folder;
  EXPECT_ERROR(AtomicFile(""), "is empty");
  EXPECT_ERROR(AtomicFile(folder.path().string()), "is a directory, expected the name of a file");
  EXPECT_ERROR(AtomicFile(folder / "none/"), "is a directory");
  EXPECT_ERROR(AtomicFile(folder / "none/model"), "cannot open its folder");
  EXPECT_ERROR(AtomicFile("/proc/model"), "cannot create a file in its folder");
}

// Better to hear of a full disk before the work than after it.
TEST(AtomicFile, SaysHowMuchSpaceIsMissing) {
  const TempFolder folder;
  AtomicFile file(folder / "model");
  EXPECT_ERROR(file.preallocate(std::uint64_t{1} << 60), "needs 1.00 EiB, but only");
  file.preallocate(100);
  file.commit();
  EXPECT_EQ(std::filesystem::file_size(folder / "model"), 100u);
}

}  // namespace
}  // namespace rocmforge
