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
      {{"list"}, "did you mean `rocmforge models`?"},
      {{"show", "x"}, "`rocmforge inspect MODEL`"},
      {{"chat"}, "`rocmforge run MODEL`"},
      {{"ps"}, "`rocmforge models`"},
      {{"help"}, "`rocmforge --help`"},
      {{"version"}, "`rocmforge --version`"},
      {{"Why is the sky blue?"}, "`rocmforge run \"a prompt\"`"},
      {{"SomeOrg/Some-Model-GGUF"}, "`rocmforge run hf:SomeOrg/Some-Model-GGUF`"},
      {{"run", "--temperature", "1", "a b"}, "there is no option --temperature; did you mean --temp?"},
      {{"run", "--tepm=1", "a b"}, "did you mean --temp?"},
      {{"run", "--max-tokens", "9", "a b"}, "did you mean -n?"},
      {{"logits", "-m", "x", "--n-predict", "3"}, "there is no option --n-predict"},
      {{"run", "--seed", "1", "--seed", "2", "a b"}, "--seed is given more than once"},
      {{"run", "a b", "--seed"}, "--seed needs a value"},
      {{"logits", "-m", "x", "--out", "x"}, "--tokens is missing"},
      {{"run", "-m", "", "a b"}, "--model: the value is empty"},
      {{"pull", "x.gguf", "--name", ""}, "--name: the value is empty"},
      {{"tokenize", "-m", "x", "--pre-tokenizer", ""}, "--pre-tokenizer: the value is empty"},
      {{"run", "demo", "a b", "--raw", "--think"}, "--think: with --raw"},
      {{"run", "demo", "a b", "--no-history"}, "--no-history: only a conversation"},
      {{"run", "demo", "a b", "--samplers", "top_k", "--temp", "5"}, "--temp: the stage 'temperature' is not among"},
      {{"run", "demo", "a b", "--mirostat", "2", "--top-k", "5"}, "--top-k: --mirostat takes the place"},
      {{"bench", "-m", "demo", "--synthetic", "llama-0.5b"}, "-m and --synthetic exclude each other"},
      {{"bench", "--roofline", "-m", "demo"}, "--roofline measures the machine alone"},
      {{"bench", "-m", "demo", "--type", "Q8_0"}, "--type goes with --synthetic"},
      {{"bench", "-m", "demo", "-p", "0", "-n", "0"}, "there is nothing to measure"},
      {{"bench", "-m", "demo", "--json", "-o", "md"}, "exclude each other"},
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

// A word that names no model must not be answered by another model as if nothing were wrong.
TEST(Usage, AWordThatNamesNoModelIsAnError) {
  for (const std::vector<std::string>& words : {std::vector<std::string>{"run", "llama3"}, {"run", "llama3", "Why?"}}) {
    const Answer answer = rocmforge(words, "hello");
    EXPECT_EQ(answer.exit_code, 1) << answer.errors;
    EXPECT_EQ(answer.output, "");
    EXPECT_THAT(answer.errors, AllOf(HasSubstr("llama3: there is no such file, and no model of that name"),
                                     HasSubstr("`rocmforge pull hf:ORG/REPO`")));
  }
  EXPECT_THAT(rocmforge({"run", "dmeo"}).errors, HasSubstr("did you mean 'demo'?"));
  EXPECT_THAT(rocmforge({"run", "Org/Repo"}).errors, HasSubstr("`hf:Org/Repo` is that model on the hub"));
}

// The load line says who answers, whatever the word was.
TEST(Usage, TheModelThatAnswersIsNamed) {
  EXPECT_THAT(rocmforge({"run", "What is 2 + 2?"}).errors, HasSubstr("demo: ROCmForge demo\n"));
}

// Options that may be repeated take one value each time, and leave the words behind it alone.
TEST(Usage, RepeatableOptionsTakeOneValueEach) {
  const char* question = "What is 2 + 2?";
  EXPECT_EQ(rocmforge({"run", "demo", "--stop", "zzz", question}).output, "2 plus 2 is 4.\n");
  EXPECT_EQ(rocmforge({"run", "demo", "--stop", "zzz", "--stop", "is 4", question}).output, "2 plus 2 \n");
  EXPECT_EQ(rocmforge({"run", "demo", "--logit-bias", "5+0", question}).output, "2 plus 2 is 4.\n");
  EXPECT_EQ(rocmforge({"run", "demo", "--dry-multiplier", "0.1", "--dry-sequence-breaker", "x", question}).exit_code,
            0);
}

// An error that cannot be shown is still the error that it is.
TEST(Usage, ErrorsKeepTheirStatusWhereNobodyCanReadThem) {
  const auto status = [](const std::string& rest) {
    return Program({"/bin/sh", "-c", std::string(ROCMFORGE_BINARY) + " " + rest}).wait().exit_code;
  };
  EXPECT_EQ(status("inspect /no/such/file 2>&-"), 1);
  EXPECT_EQ(status("inspekt 2>&-"), 2);
  EXPECT_EQ(status("inspect /no/such/file <&- >&- 2>&-"), 1);
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "no /dev/full here";
  EXPECT_EQ(status("inspect /no/such/file 2>/dev/full"), 1);
  EXPECT_EQ(status("run demo 'What is 2 + 2?' 2>/dev/full >/dev/null"), 0);
  EXPECT_EQ(status("run demo 'What is 2 + 2?' 2>/dev/full >/dev/full"), 1);
}

// Errors quote arguments, files and templates; none of those may command the terminal.
TEST(Usage, WhatErrorsQuoteIsHarmless) {
  for (const std::vector<std::string>& words : {std::vector<std::string>{"inspect", "\x1b[2J.gguf"},
                                                {"\x1b]0;x\x07"},
                                                {"run", "demo", "a b", "--bad\x1b[1m"},
                                                {"run", "x\x1b[2J.gguf"},
                                                {"quantize", "a\x1b[2J", "b", "Q4_0"},
                                                {"convert", "a\x9b\x1b[2J", "b"},
                                                {"rm", "a\x1b[2J"}}) {
    const Answer answer = rocmforge(words);
    EXPECT_NE(answer.exit_code, 0);
    EXPECT_THAT(answer.errors, ::testing::Not(HasSubstr("\x1b"))) << words.front();
    EXPECT_THAT(answer.errors, HasSubstr("\\x1b"));
  }
}

// A system that refuses memory or threads is not a failed write.
TEST(Usage, ALackOfMemoryIsCalledThat) {
  const Answer answer =
      Program({"/bin/sh", "-c", "ulimit -v 70000; " ROCMFORGE_BINARY " run demo 'What is 2 + 2?'"}).wait();
  if (answer.exit_code == 0) GTEST_SKIP() << "that is memory enough here";
  EXPECT_EQ(answer.exit_code, 1) << answer.errors;
  EXPECT_THAT(answer.errors, ::testing::Not(HasSubstr("standard output")));
}

TEST(Usage, NamesTheLibrariesInside) {
  const Answer answer = rocmforge({"--licenses"});
  EXPECT_EQ(answer.exit_code, 0);
  for (const char* name : {"CLI11", "{fmt}", "spdlog", "JSON for Modern C++", "Highway", "PCRE2", "utf8proc", "libedit",
                           "curl", "OpenSSL", "Permission is hereby granted", "Redistributions in binary form"}) {
    EXPECT_THAT(answer.output, HasSubstr(name));
  }
}

}  // namespace
}  // namespace rocmforge
