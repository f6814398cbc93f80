// Tests the meaning of the arguments and options of commands that generate.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "cli/model_and_prompt.h"
#include "cli/sampling_arguments.h"
#include "support/expect_error.h"
#include "support/temp_folder.h"

namespace rocmforge {
namespace {

using namespace cli;
using testing::TempFolder;

TEST(ModelAndPrompt, OneWordIsTheModelIfThereIsSuchAFile) {
  const TempFolder folder;
  const std::string file = folder.write("model.gguf", "");
  const auto expect = [](const ModelAndPrompt& found, const std::string& model, const std::string& prompt) {
    EXPECT_EQ(found.model, model);
    EXPECT_EQ(found.prompt, prompt);
  };
  expect(find_model_and_prompt(file, "", ""), file, "");
  expect(find_model_and_prompt(file, "Why?", ""), file, "Why?");
  expect(find_model_and_prompt("a.gguf", "Why?", ""), "a.gguf", "Why?");
  expect(find_model_and_prompt("Why?", "", "a.gguf"), "a.gguf", "Why?");
  expect(find_model_and_prompt("and/or?", "", "a.gguf"), "a.gguf", "and/or?");
  expect(find_model_and_prompt("", "", "a.gguf"), "a.gguf", "");
  expect(find_model_and_prompt("hf:org/model", "", ""), "hf:org/model", "");
  expect(find_model_and_prompt("https://example.org/a.gguf", "Why?", ""), "https://example.org/a.gguf", "Why?");
}

TEST(ModelAndPrompt, TakesTheDemoModelWhereNoneIsNamed) {
  const auto expect = [](const ModelAndPrompt& words, const char* prompt) {
    EXPECT_EQ(words.model, "demo");
    EXPECT_EQ(words.prompt, prompt);
  };
  expect(find_model_and_prompt("", "", ""), "");
  expect(find_model_and_prompt("demo", "", ""), "");
  expect(find_model_and_prompt("Why?", "", ""), "Why?");
  expect(find_model_and_prompt("demo", "Why?", ""), "Why?");
}

// A misspelt name must not silently select another model.
TEST(ModelAndPrompt, SaysWhatIsMissing) {
  const TempFolder folder;
  const std::string file = folder.write("model.gguf", "");
  EXPECT_ERROR(find_model_and_prompt("modle.gguf", "", ""), "modle.gguf: there is no such file");
  EXPECT_ERROR(find_model_and_prompt("models/a", "", ""), "models/a: there is no such file");
  EXPECT_ERROR(find_model_and_prompt(file, "", "a.gguf"), "given twice");
  EXPECT_ERROR(find_model_and_prompt("a", "b", "a.gguf"), "given twice");
}

TEST(ModelAndPrompt, WhatIsPipedInComesBehindThePrompt) {
  EXPECT_EQ(joined_prompt("Summarize:", "text"), "Summarize:\n\ntext");
  EXPECT_EQ(joined_prompt("", "text"), "text");
  EXPECT_EQ(joined_prompt("Why?", ""), "Why?");
}

TEST(SamplingArguments, WhatIsNotGivenIsLeftToTheModel) {
  const GenerationOptions options = generation_options({});
  EXPECT_EQ(options.max_tokens, -1);
  EXPECT_FALSE(options.sampling.temperature || options.sampling.top_k || options.sampling.samplers ||
               options.sampling.dry_sequence_breakers || options.sampling.seed);
  EXPECT_TRUE(options.sampling.logit_bias.empty());
}

TEST(SamplingArguments, ReadBiasesAndTexts) {
  SamplingArguments arguments;
  arguments.new_tokens = 5;
  arguments.logit_bias = {"15043+1.5", "2-0.25", "7-inf"};
  arguments.stop = {"###"};
  arguments.dry_sequence_breakers = {"none"};
  const GenerationOptions options = generation_options(arguments);
  EXPECT_EQ(options.max_tokens, 5);
  EXPECT_EQ(options.stop, std::vector<std::string>{"###"});
  EXPECT_TRUE(options.sampling.dry_sequence_breakers && options.sampling.dry_sequence_breakers->empty());
  using Bias = std::pair<std::int32_t, float>;
  EXPECT_THAT(options.sampling.logit_bias, ::testing::ElementsAre(Bias(15043, 1.5f), Bias(2, -0.25f),
                                                                  Bias(7, -std::numeric_limits<float>::infinity())));
}

TEST(SamplingArguments, SayWhatTheyCannotRead) {
  for (const std::string bias :
       {"", "5", "+1", "5+", "5*2", "-5+1", "5+nan", "5+inf", "5+1x", "99999999999+1", "5 +1"}) {
    SamplingArguments arguments;
    arguments.logit_bias = {bias};
    EXPECT_ERROR(generation_options(arguments), "--logit-bias: '" + bias + "' is no token and its bias");
  }
  SamplingArguments nothing;
  nothing.new_tokens = 0;
  EXPECT_ERROR(generation_options(nothing), "-n: '0'");
  SamplingArguments empty_stop;
  empty_stop.stop = {""};
  EXPECT_ERROR(generation_options(empty_stop), "--stop");
}

}  // namespace
}  // namespace rocmforge
