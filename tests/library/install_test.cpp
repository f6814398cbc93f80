// Tests an installation of ROCmForge and building programs against it.
#include <filesystem>
#include <sstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/chat_model.h"
#include "support/program.h"
#include "support/temp_folder.h"

namespace rocmforge {
namespace {

using testing::Answer;
using ::testing::HasSubstr;
using ::testing::Not;

// The library is installed in one place and then moved to another, as packages are.
class InstalledLibrary : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder = new testing::TempFolder();
    shell(std::string("cmake --install '") + ROCMFORGE_BUILD_DIR + "' --prefix '" + *folder / "first" + "'");
    std::filesystem::rename(*folder / "first", prefix());
    testing::chat_model(model(), {.script = {"It", " works", "."}});
  }
  static void TearDownTestSuite() { delete folder; }

  static std::string prefix() { return *folder / "moved here"; }
  static std::string model() { return *folder / "model.gguf"; }

  static Answer run(const std::string& command, std::string_view input = {}) {
    const std::string library = prefix() + "/lib";
    const std::string environment = "export PKG_CONFIG_PATH='" + library + "/pkgconfig' LD_LIBRARY_PATH='" + library +
                                    "'; cd '" + folder->path().string() + "'; ";
    return testing::Program({"/bin/sh", "-c", environment + command}, input).wait();
  }
  static std::string shell(const std::string& command, std::string_view input = {}) {
    const Answer answer = run(command, input);
    EXPECT_EQ(answer.exit_code, 0) << command << "\n" << answer.output << answer.errors;
    return answer.output;
  }

  static testing::TempFolder* folder;
};
testing::TempFolder* InstalledLibrary::folder = nullptr;

const std::string kExamples = ROCMFORGE_SOURCE_DIR "/examples";
// A sanitizer's run-time must be linked into the program, not only into the library.
const std::string kFlags = std::string(ROCMFORGE_SANITIZE).empty() ? "" : " -fsanitize=" ROCMFORGE_SANITIZE " ";

TEST_F(InstalledLibrary, ServesACProgramByItsPkgConfigFileAlone) {
  shell("eval gcc -std=c11 -Wall -Wextra -Wpedantic -Werror" + kFlags + " " + kExamples +
        "/generate.c $(pkg-config --cflags --libs rocmforge) -o generate");
  EXPECT_EQ(shell("./generate model.gguf '\n'"), "It works.\n");
  const Answer failed = run("./generate /nowhere.gguf x");
  EXPECT_EQ(failed.exit_code, 1);
  EXPECT_THAT(failed.errors, HasSubstr("error: /nowhere.gguf: "));
}

TEST_F(InstalledLibrary, ServesACppProgramByItsPkgConfigFileAlone) {
  shell("eval g++ -std=c++20 -Wall -Wextra -Wpedantic -Werror" + kFlags + " " + kExamples +
        "/chat.cpp $(pkg-config --cflags --libs rocmforge) -o chat");
  EXPECT_EQ(shell("./chat model.gguf", "hello\n"), "> It works.\n> ");
  EXPECT_THAT(run("./chat /nowhere.gguf").errors, HasSubstr("error: /nowhere.gguf: ")) << "its Error can be caught";
}

TEST_F(InstalledLibrary, ServesCMakeProjects) {
  shell("cmake -S " + kExamples + " -B examples -D CMAKE_C_FLAGS='" + kFlags + "' -D CMAKE_CXX_FLAGS='" + kFlags +
        "' -D CMAKE_PREFIX_PATH='" + prefix() + "' && cmake --build examples");
  EXPECT_EQ(shell("examples/generate model.gguf '\n'"), "It works.\n");
  EXPECT_EQ(shell("examples/chat model.gguf", "hello\n"), "> It works.\n> ");
}

TEST_F(InstalledLibrary, HasTheProgramToo) {
  EXPECT_THAT(shell("'" + prefix() + "/bin/rocmforge' --version"), HasSubstr("rocmforge "));
}

// Programs could come to depend on other symbols by mistake.
TEST_F(InstalledLibrary, ShowsItsPublicSymbolsAlone) {
  const std::string symbols = shell("nm -D --defined-only '" + prefix() + "/lib/librocmforge.so' | c++filt");
  std::istringstream lines(symbols);
  for (std::string line; std::getline(lines, line);) {
    EXPECT_TRUE(line.find(" rocmforge_") != std::string::npos || line.find("rocmforge::") != std::string::npos) << line;
    for (const char* hidden : {"rocmforge::engine", "rocmforge::gguf", "rocmforge::text", "rocmforge::log", "error("}) {
      EXPECT_THAT(line, Not(HasSubstr(hidden)));
    }
  }
  for (const char* wanted : {"rocmforge_load\n", "rocmforge::Model::load(", "typeinfo for rocmforge::Error"}) {
    EXPECT_THAT(symbols, HasSubstr(wanted));
  }
  EXPECT_THAT(shell("readelf -d '" + prefix() + "/lib/librocmforge.so'"), HasSubstr("librocmforge.so.0]"));
}

TEST_F(InstalledLibrary, NamesNoPathOfTheMachineThatBuiltIt) {
  const std::string files = shell("cat '" + prefix() + "'/lib/pkgconfig/*.pc '" + prefix() + "'/lib/cmake/rocmforge/*");
  EXPECT_THAT(files, Not(HasSubstr(ROCMFORGE_SOURCE_DIR)));
  EXPECT_THAT(files, Not(HasSubstr(folder->path().string())));
}

}  // namespace
}  // namespace rocmforge
