// Tests the text of files that a user names, which may be pipes.
#include "base/file_text.h"

#include <fstream>
#include <thread>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "support/expect_error.h"
#include "support/temp_folder.h"

namespace rocmforge {
namespace {

using testing::TempFolder;

TEST(FileText, IsThatOfARegularFile) {
  const TempFolder folder;
  const FileText text(folder.write("a", "some text"));
  EXPECT_EQ(text.text(), "some text");
  EXPECT_NO_THROW(text.check_intact());
  EXPECT_EQ(FileText(folder.write("b", "")).text(), "");
}

// What a shell makes of <(command), and what a program is given as /dev/stdin.
TEST(FileText, IsWhatAPipeGives) {
  const TempFolder folder;
  const std::string path = folder / "pipe";
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  const std::string long_text(200'000, 'x');
  std::thread writer([&] { std::ofstream(path) << long_text; });
  EXPECT_EQ(FileText(path).text(), long_text);
  writer.join();
}

// A pipe has no size, so that memory needs a limit.
TEST(FileText, OfAPipeHasALimit) { EXPECT_ERROR(FileText("/dev/zero", 1 << 20), "gives more than 1.00 MiB"); }

TEST(FileText, SaysWhatCannotBeRead) {
  const TempFolder folder;
  EXPECT_ERROR(FileText(folder / "nothing"), "No such file");
  EXPECT_ERROR(FileText(folder.path().string()), "a directory");
}

}  // namespace
}  // namespace rocmforge
