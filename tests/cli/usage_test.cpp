// Tests the program as a whole: its help, and its reaction to wrong usage.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/commands.h"
#include "support/program.h"

namespace rocmforge {
namespace {

using ::testing::AllOf;
using testing::Answer;
using ::testing::HasSubstr;
using testing::Program;
using testing::rocmforge;

// Without arguments the program shows what it can do.
TEST(Usage, AloneShowsEveryCommand) {
  const Answer answer = rocmforge({});
  EXPECT_EQ(answer.exit_code, 0);
  for (const cli::Command& command : cli::all_commands()) {
    EXPECT_THAT(answer.output, HasSubstr(std::string(command.name)));
    EXPECT_THAT(answer.output, HasSubstr(std::string(command.summary)));
  }
}

// Every command has help with its arguments and examples, in 80 columns.
TEST(Usage, EveryCommandHasHelp) {
  for (const cli::Command& command : cli::all_commands()) {
    const Answer answer = rocmforge({std::string(command.name), "--help"});
    EXPECT_EQ(answer.exit_code, 0) << command.name;
    EXPECT_THAT(answer.output,
                AllOf(HasSubstr("Examples:\n"), HasSubstr("rocmforge " + std::string(command.name) + " ")));
    for (const cli::Argument& argument : command.arguments) {
      EXPECT_THAT(answer.output, HasSubstr(argument.names)) << command.name;
      EXPECT_FALSE(argument.help.empty());
    }
    std::istringstream lines(answer.output);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80u) << line;
  }
}

TEST(Usage, HelpAllNamesEveryOption) {
  const Answer answer = rocmforge({"--help-all"});
  EXPECT_EQ(answer.exit_code, 0);
  for (const cli::Command& command : cli::all_commands()) {
    for (const cli::Argument& argument : command.arguments) EXPECT_THAT(answer.output, HasSubstr(argument.names));
  }
}

TEST(Usage, PrintsItsVersion) {
  const Answer answer = rocmforge({"--version"});
  EXPECT_EQ(answer.exit_code, 0);
  EXPECT_THAT(answer.output, ::testing::MatchesRegex("rocmforge [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

// Scripts tell a wrong call (2) from a failure (1).
TEST(Usage, WrongUsageExitsWith2AndSaysWhatIsWrong) {
  const std::pair<std::vector<std::string>, std::string> cases[] = {
      {{"inspekt"}, "did you mean 'inspect'?"},
      {{"inspect"}, "MODEL"},
      {{"inspect", "a.gguf", "--tensor"}, "--tensor"},
      {{"inspect", "a.gguf", "b.gguf"}, "b.gguf"},
      {{"inspect", "a.gguf", "--ctx", "many"}, "many"},
      {{"inspect", "a.gguf", "--ctx", "-5"}, "'-5' is no whole number from 1"},
      {{"inspect", "a.gguf", "--ctx", "99999999999999999999"}, "no whole number"},
      {{"inspect", "a.gguf", "--kv-type", "Q3_K"}, "expected F32, F16"},
      {{"quantize", "a.gguf", "b.gguf", "Q4_K_M", "--pure"}, "Q4_K_M is a mix"},
      {{"quantize", "a.gguf", "b.gguf", "Q4_0", "--threads", "0"}, "no whole number"},
      {{"dequantize", "a.gguf", "--out", "x.npy"}, "--tensor"},
      {{"quantize", "a.gguf", "b.gguf", "Q4_KM"}, "did you mean Q4_K_M?"},
      {{"quantize", "a.gguf", "b.gguf", "Q4_0", "--threads", "-3"}, "'-3' is no whole number"},
      {{"completion", "tcsh"}, "expected bash, zsh or fish"},
      {{"--log-level", "loud", "completion", "bash"}, "loud"},
  };
  for (const auto& [arguments, said] : cases) {
    const Answer answer = rocmforge(arguments);
    EXPECT_EQ(answer.exit_code, 2) << arguments[0] << ": " << answer.errors;
    EXPECT_THAT(answer.errors, HasSubstr("error:"));
    EXPECT_THAT(answer.errors, HasSubstr(said));
    EXPECT_EQ(answer.output, "");
  }
}

TEST(Usage, AMissingFileIsAFailure) {
  const Answer answer = rocmforge({"inspect", "/no/such/model.gguf"});
  EXPECT_EQ(answer.exit_code, 1);
  EXPECT_THAT(answer.errors, HasSubstr("/no/such/model.gguf"));
  EXPECT_THAT(answer.errors, HasSubstr("No such file"));
}

// Output that cannot be written (a full disk, a closed pipe) must not pass for success.
TEST(Usage, AFailedWriteToStandardOutputIsAFailure) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "no /dev/full here";
  const Answer answer = Program({"/bin/sh", "-c", ROCMFORGE_BINARY " completion bash > /dev/full"}).wait();
  EXPECT_EQ(answer.exit_code, 1);
  EXPECT_THAT(answer.errors, HasSubstr("standard output"));
  EXPECT_EQ(Program({"/bin/sh", "-c", ROCMFORGE_BINARY " > /dev/full"}).wait().exit_code, 1);
  EXPECT_EQ(Program({"/bin/sh", "-c", ROCMFORGE_BINARY " --help > /dev/full"}).wait().exit_code, 1);
}

}  // namespace
}  // namespace rocmforge
