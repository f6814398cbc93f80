// Tests `rocmforge run` with one answer at a time, as scripts and pipes use it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "support/chat_model.h"
#include "support/program.h"

namespace rocmforge {
namespace {

using ::testing::AllOf;
using testing::Answer;
using testing::ChatModelOptions;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::Program;
using testing::rocmforge;

class RunInAPipe : public ::testing::Test {
 protected:
  std::string model(const ChatModelOptions& options) const {
    return testing::chat_model(folder_ / "model.gguf", options);
  }
  static Answer run(std::vector<std::string> arguments, std::string_view input = {}) {
    arguments.insert(arguments.begin(), "run");
    return rocmforge(std::move(arguments), input);
  }

  testing::TempFolder folder_;
};

TEST_F(RunInAPipe, AnswersAPromptAndWhatIsPipedIn) {
  const std::string parrot = model({.script = {"Hel", "lo", ", 日本", " cafe\u0301"}});
  const Answer prompt = run({parrot, "Who are you?"});
  EXPECT_EQ(prompt.exit_code, 0) << prompt.errors;
  EXPECT_EQ(prompt.output, "Hello, 日本 cafe\u0301\n");
  EXPECT_THAT(prompt.errors, AllOf(HasSubstr("layers 0-1 and output: "), HasSubstr("context 4096 (")));
  EXPECT_EQ(run({parrot}, "Who are you?\n").output, prompt.output);
  EXPECT_EQ(run({"-m", parrot, "Who is this?"}, "A parrot.\n").output, prompt.output);
  EXPECT_EQ(rocmforge({parrot, "Who are you?"}).output, prompt.output) << "a file in place of a command";
  EXPECT_EQ(run({parrot, "Who?", "-n", "1"}).output, "Hel\n");
  EXPECT_EQ(run({parrot, "Who?", "--stop", "日"}).output, "Hello, \n");
}

TEST_F(RunInAPipe, SaysWhatIsMissing) {
  const std::string parrot = model({.script = {"Hello"}});
  const auto refused = [&](std::vector<std::string> arguments, int code, const char* said) {
    const Answer answer = run(std::move(arguments));
    EXPECT_EQ(answer.exit_code, code) << said;
    EXPECT_THAT(answer.errors, HasSubstr(said));
    EXPECT_EQ(answer.output, "");
  };
  refused({parrot}, 2, "there is no prompt");
  refused({folder_ / "other.gguf"}, 1, "there is no such file");
  refused({folder_ / "other.gguf", "Why?"}, 1, "No such file");
  refused({parrot, "-m", parrot}, 2, "given twice");
  refused({parrot, "Why?", "and more"}, 2, "and more");
  refused({parrot, "Why?", "--tokens", "x.json"}, 2, "that takes --raw");
  refused({parrot, "Why?", "--think", "--no-think"}, 2, "exclude each other");
  refused({parrot, "Why?", "--raw", "--system", "x"}, 2, "--system");
  refused({parrot, "Why?", "--samplers", "no_such_stage"}, 2, "no_such_stage");
}

TEST_F(RunInAPipe, NumbersOutOfRangeAreNamed) {
  const auto refused = [&](const char* option, const char* value, const char* said) {
    const Answer answer = run({"model.gguf", "Why?", option, value});
    EXPECT_EQ(answer.exit_code, 2);
    EXPECT_THAT(answer.errors, AllOf(HasSubstr(option), HasSubstr(said)));
  };
  refused("--top-p", "1.5", "'1.5' is no number from 0 to 1");
  refused("--temp", "hot", "'hot' is no number from 0");
  refused("--temp", "nan", "'nan' is no number");
  refused("--presence-penalty", "inf", "'inf' is no number");
  refused("--top-k", "-1", "'-1' is no whole number from 0");
  refused("--repeat-last-n", "-2", "'-2' is no whole number from -1");
  refused("--mirostat", "3", "'3' is no whole number from 0 to 2");
  refused("--seed", "-1", "'-1' is no whole number from 0");
  refused("-n", "0", "expected 1 or more, or -1");
  refused("--logit-bias", "5", "'5' is no token and its bias");
}

// The prompt does not change this model's answer, because the script follows each line feed; the options do.
TEST_F(RunInAPipe, OptionsReachTheModel) {
  const std::string parrot = model({.script = {"one", " two", " three"}});
  EXPECT_EQ(run({parrot,
                 "x",
                 "--temp",
                 "0",
                 "--seed",
                 "18446744073709551615",
                 "--repeat-last-n",
                 "-1",
                 "--top-k",
                 "5",
                 "--min-p",
                 "0.1",
                 "--samplers",
                 "top_k;min_p;temperature;penalties;dry;xtc",
                 "--dry-multiplier",
                 "0.5",
                 "--dry-sequence-breaker",
                 "none",
                 "--xtc-probability",
                 "0",
                 "--mirostat",
                 "0"})
                .output,
            "one two three\n");
  // The script's ids follow 256 bytes and three control tokens.
  EXPECT_THAT(run({parrot, "x", "--logit-bias", "260-inf", "-n", "4"}).output, Not(HasSubstr("two")));
  const Answer first = run({parrot, "x", "--temp", "50", "--top-k", "0", "--top-p", "1", "--min-p", "0", "-n", "20",
                            "--seed", "7", "--raw"});
  EXPECT_EQ(run({parrot, "x", "--temp", "50", "--top-k", "0", "--top-p", "1", "--min-p", "0", "-n", "20", "--seed", "7",
                 "--raw"})
                .output,
            first.output);
}

// A program behind the pipe must get what the model said, not what suits a terminal.
// A full disk must not look like an answer.
TEST_F(RunInAPipe, AnAnswerThatCannotBeWrittenIsAFailure) {
  const std::string parrot = model({.script = {"on", " and"}, .script_repeats = true, .context = 100'000});
  const std::string command = std::string(ROCMFORGE_BINARY) + " run " + parrot + " 'Who?' </dev/null >/dev/full";
  const Answer answer = testing::Program({"/bin/sh", "-c", command}).wait();
  EXPECT_EQ(answer.exit_code, 1);
  EXPECT_THAT(answer.errors, HasSubstr("the answer: cannot be written: No space left"));
}

TEST_F(RunInAPipe, BytesStayAsTheyAre) {
  const Answer answer = run({model({.script = {"\x1b[2J", "a\r\n", "\x07\n\n"}}), "Why?"});
  EXPECT_EQ(answer.output, "\x1b[2Ja\r\n\x07\n\n\n");
}

TEST_F(RunInAPipe, WhatAModelThinksIsNotPartOfTheAnswer) {
  const std::string thinker = model({.script = {"42"}, .reasoning = {"Let", " me", " see"}});
  const Answer answer = run({thinker, "Why?"});
  EXPECT_EQ(answer.output, "42\n");
  EXPECT_THAT(answer.errors, Not(HasSubstr("me see")));
  EXPECT_EQ(run({thinker, "Why?", "--no-think"}).exit_code, 0);
}

TEST_F(RunInAPipe, StatisticsAreSaidOnRequest) {
  const std::string parrot = model({.script = {"one", " two"}});
  EXPECT_THAT(run({parrot, "x", "--stats", "--seed", "5"}).errors,
              AllOf(HasSubstr("answer 2 tokens"), HasSubstr("ended by the model"), HasSubstr("seed 5")));
  EXPECT_THAT(run({parrot, "x"}).errors, Not(HasSubstr("seed")));
}

TEST_F(RunInAPipe, AFullContextIsSaidAndCanBeShifted) {
  const std::string endless = model({.script = {"on", " and", " on,"}, .script_repeats = true});
  const Answer full = run({endless, "x", "--ctx", "64"});
  EXPECT_EQ(full.exit_code, 0) << full.errors;
  EXPECT_THAT(full.errors,
              AllOf(HasSubstr("the context of 64 is full"), HasSubstr("--ctx"), HasSubstr("--context-shift")));
  const Answer shifted = run({endless, "x", "--ctx", "64", "--context-shift", "-n", "200"});
  EXPECT_EQ(shifted.exit_code, 0) << shifted.errors;
  EXPECT_EQ(std::ranges::count(shifted.output, ','), 66);

  const Answer too_small = run({endless, std::string(100, 'x'), "--ctx", "64"});
  EXPECT_EQ(too_small.exit_code, 1);
  EXPECT_THAT(too_small.errors, AllOf(HasSubstr("error:"), HasSubstr("64")));
}

TEST_F(RunInAPipe, RawContinuesTheTextAsItStands) {
  const std::string endless = model({.script = {"on", " and"}, .script_repeats = true});
  EXPECT_EQ(run({endless, "--raw", "x\n", "-n", "3", "--temp", "0"}).output, "on andon\n");
  EXPECT_EQ(run({endless, "--raw", "-n", "1"}, "x\n").output, "on\n");
  const Answer limited = run({endless, "--raw", "x\n"});
  EXPECT_EQ(limited.output.size(), 64 * 2 + 64 * 4 + 1u) << "128 tokens, if not told otherwise";
}

// Ctrl-C keeps the part of the answer that was written.
TEST_F(RunInAPipe, AnInterruptEndsTheAnswer) {
  const std::string endless = model({.script = {"on", " and", " on,"}, .script_repeats = true});
  // The answer goes to a file, so that the test can wait for its beginning.
  Program program({"/bin/sh", "-c",
                   "exec " ROCMFORGE_BINARY " run " + endless + " x --ctx 64 --context-shift > " + (folder_ / "out")});
  const auto has_said = [&] { return testing::read_text(folder_ / "out").find("on and on,") != std::string::npos; };
  while (program.is_running() && !has_said()) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  program.signal(SIGINT);
  EXPECT_EQ(program.wait().exit_code, 130);
  const std::string output = testing::read_text(folder_ / "out");
  EXPECT_TRUE(output.starts_with("on and on,"));
  EXPECT_TRUE(output.ends_with('\n'));
}

TEST_F(RunInAPipe, AnOutputThatIsClosedEndsTheAnswer) {
  const std::string endless = model({.script = {"on", " and", " on,\n"}, .script_repeats = true});
  const Answer answer =
      Program({"/bin/sh", "-c", ROCMFORGE_BINARY " run " + endless + " x --ctx 64 --context-shift | head -n 1"}).wait();
  EXPECT_EQ(answer.output, "on and on,\n");
}

// `make run` in a script or a container: there is nobody to talk to, and something to see all the same.
TEST_F(RunInAPipe, ShowsTheDemoModelWhereNobodyTypes) {
  const Answer answer = run({});
  EXPECT_EQ(answer.exit_code, 0) << answer.errors;
  EXPECT_THAT(answer.output, AllOf(HasSubstr("> What is 7 plus 8?\n7 plus 8 is 15.\n"), HasSubstr("`rocmforge run`")));
  EXPECT_EQ(run({"--raw"}).exit_code, 2);
  EXPECT_EQ(run({"demo"}).exit_code, 2) << "a named model is asked something";
}

// A template's complaint reaches the terminal as text.
TEST_F(RunInAPipe, ATemplatesOwnWordsAreHarmless) {
  const testing::ChatVocabulary vocabulary({});
  const testing::LlamaShape shape = {2, 64, 128, vocabulary.size(), 4, 2};
  gguf::MetadataBuilder keys = testing::chat_model_keys({}, shape, vocabulary);
  keys.set("tokenizer.chat_template", "{{ raise_exception('no \x1b[2J\u009b1m') }}");
  const std::string path = folder_ / "hostile.gguf";
  testing::write_llama(path, shape, quant::FormatId::kF16, {}, keys);
  const Answer answer = run({path, "hello there"});
  EXPECT_EQ(answer.exit_code, 1);
  EXPECT_THAT(answer.errors, AllOf(HasSubstr("no \\x1b[2J"), Not(HasSubstr("\x1b"))));
}

}  // namespace
}  // namespace rocmforge
