// Tests the completion scripts in the shells that are installed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/program.h"

namespace rocmforge {
namespace {

using ::testing::AllOf;
using testing::Answer;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::Program;
using testing::TempFolder;

bool has_shell(const std::string& name) {
  return Program({"/bin/sh", "-c", "command -v " + name + " >/dev/null"}).wait().exit_code == 0;
}

// Returns bash's completions for a line whose last word is being typed.
std::string bash_offers(const std::string& words, int count) {
  const TempFolder folder;
  const std::string script = folder.write("completion", testing::rocmforge({"completion", "bash"}).output);
  const std::string commands = "source " + script + "; COMP_WORDS=(" + words +
                               "); COMP_CWORD=" + std::to_string(count) + "; _rocmforge; echo \" ${COMPREPLY[*]} \"";
  const Answer answer = Program({"/bin/bash", "-c", commands}).wait();
  EXPECT_EQ(answer.exit_code, 0) << answer.errors;
  return answer.output;
}

TEST(Completion, BashOffersCommandsOptionsAndValues) {
  if (!has_shell("bash")) GTEST_SKIP() << "no bash here";
  EXPECT_THAT(bash_offers("rocmforge ''", 1),
              AllOf(HasSubstr(" inspect "), HasSubstr(" quantize "), HasSubstr(" --version ")));
  EXPECT_THAT(bash_offers("rocmforge ins", 1), AllOf(HasSubstr(" inspect "), Not(HasSubstr("quantize"))));
  EXPECT_THAT(bash_offers("rocmforge inspect --t", 2), AllOf(HasSubstr(" --tensors "), Not(HasSubstr("--json"))));
  EXPECT_THAT(bash_offers("rocmforge inspect --kv-type Q", 3), AllOf(HasSubstr(" Q8_0 "), HasSubstr(" Q4_0 ")));
  EXPECT_THAT(bash_offers("rocmforge quantize a b Q4_K", 4), AllOf(HasSubstr(" Q4_K_M "), HasSubstr(" Q4_K_S ")));
  EXPECT_THAT(bash_offers("rocmforge --log-level e", 2), HasSubstr(" error "));
}

TEST(Completion, BashOffersFilesWhereOneIsWanted) {
  if (!has_shell("bash")) GTEST_SKIP() << "no bash here";
  const TempFolder folder;
  const std::string file = folder.write("a model.gguf", "");
  const std::string prefix = file.substr(0, file.size() - 10);
  EXPECT_THAT(bash_offers("rocmforge inspect " + prefix, 2), HasSubstr("a model.gguf"));
}

TEST(Completion, ScriptsOfTheOtherShellsAreSound) {
  const TempFolder folder;
  for (const std::string shell : {"zsh", "fish"}) {
    const Answer printed = testing::rocmforge({"completion", shell});
    EXPECT_EQ(printed.exit_code, 0);
    EXPECT_THAT(printed.output, AllOf(HasSubstr("quantize"), HasSubstr("Q4_K_M"), HasSubstr("tensors")));
    const std::string script = folder.write(shell, printed.output);
    if (!has_shell(shell)) continue;
    const std::string check = shell + (shell == "fish" ? " --no-execute " : " -n ") + script;
    EXPECT_EQ(Program({"/bin/sh", "-c", check}).wait().exit_code, 0) << shell;
  }
}

}  // namespace
}  // namespace rocmforge
