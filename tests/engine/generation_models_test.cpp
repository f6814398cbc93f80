// Tests generations of unusual models: recurrent ones, those with an encoder, and those without a tokenizer.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/runner.h"
#include "rocmforge/rocmforge.h"
#include "support/expect_error.h"
#include "support/random_model.h"
#include "support/temp_folder.h"

namespace rocmforge {
namespace {

class GenerationsOfModels : public ::testing::Test {
 protected:
  std::string write(testing::RandomModelOptions options) {
    options.context = 1024;
    const testing::ModelFile file(testing::random_model(options));
    return folder_.write("model.gguf", file.text());
  }

  static std::vector<std::int32_t> prompt_of(std::size_t tokens) {
    std::vector<std::int32_t> prompt;
    for (std::size_t i = 0; i < tokens; ++i) prompt.push_back(static_cast<std::int32_t>((i * 7 + 3) % 40));
    return prompt;
  }

  static std::vector<std::int32_t> ids(const Generation& generation) {
    std::vector<std::int32_t> ids;
    for (const GeneratedToken& token : generation.tokens) ids.push_back(token.token);
    return ids;
  }

  static GenerationOptions greedy(int tokens) {
    GenerationOptions options;
    options.max_tokens = tokens;
    options.sampling.temperature = 0;
    return options;
  }

  testing::TempFolder folder_;
};

// Returns the likeliest tokens, chosen by the test itself. An encoder, if there is one, reads the prompt.
std::vector<std::int32_t> by_hand(const std::string& path, const std::vector<std::int32_t>& prompt, int tokens) {
  const gguf::File file = gguf::File::open(path);
  engine::Runner runner(file, {.device = {.device = "cpu", .threads = 1}, .context = 512, .on_progress = {}});
  const auto sequence = runner.start();
  std::vector<std::int32_t> next = prompt;
  if (runner.spec().encoder != nullptr) {
    runner.encode(sequence->id, prompt);
    next = {runner.spec().start_token};
  }
  std::vector<std::int32_t> drawn;
  while (static_cast<int>(drawn.size()) < tokens) {
    const engine::StepItem item{sequence->id, next, engine::Wanted::kLast};
    EXPECT_TRUE(runner.run({&item, 1}));
    const auto logits = runner.output(0);
    next = {static_cast<std::int32_t>(std::ranges::max_element(logits) - logits.begin())};
    drawn.push_back(next.front());
  }
  return drawn;
}

TEST_F(GenerationsOfModels, TakeTheLikeliestTokens) {
  for (const char* architecture : {"llama", "gemma3", "mamba2", "rwkv7", "qwen3next", "t5"}) {
    const std::string path = write({.architecture = architecture});
    Model model = Model::load(path, {.threads = 1, .context = 512});
    const auto prompt = prompt_of(70);
    EXPECT_EQ(ids(model.generate_from(prompt, greedy(20))), by_hand(path, prompt, 20)) << architecture;
  }
}

// A turn of a conversation must not recompute all earlier ones, whatever layers store instead of keys.
TEST_F(GenerationsOfModels, RecurrentLayersFindTheirStatesAgain) {
  for (const char* architecture : {"mamba", "rwkv6", "rwkv7", "falcon-h1", "qwen3next", "lfm2"}) {
    const std::string path = write({.architecture = architecture});
    Model model = Model::load(path, {.threads = 1, .context = 1024});
    std::vector<std::int32_t> conversation = prompt_of(100);
    const Generation first = model.generate_from(conversation, greedy(200));
    // Another answer to the same prompt reuses all of its whole blocks.
    EXPECT_EQ(model.generate_from(conversation, greedy(1)).statistics.cached_tokens, 96) << architecture;
    // The answer's states are saved too, at growing distances: 96 + 4 blocks.
    for (const std::int32_t id : ids(first)) conversation.push_back(id);
    conversation.push_back(7);
    const Generation second = model.generate_from(conversation, greedy(10));
    EXPECT_EQ(second.statistics.cached_tokens, 96 + 128) << architecture;
    EXPECT_EQ(ids(second), by_hand(path, conversation, 10)) << architecture;
  }
}

TEST_F(GenerationsOfModels, BehindAnEncoderCannotShift) {
  Model model = Model::load(write({.architecture = "t5"}), {.threads = 1, .context = 64});
  GenerationOptions options = greedy(10);
  options.context_shift = true;
  EXPECT_ERROR(model.generate_from(prompt_of(10), options), "cannot be shifted");
  options.context_shift = false;
  options.max_tokens = -1;
  EXPECT_EQ(model.generate_from(prompt_of(10), options).finish, FinishReason::kContext);
  EXPECT_ERROR(model.generate_from(prompt_of(65), options), "65 tokens, more than the context of 64");
}

TEST_F(GenerationsOfModels, WithoutATokenizerSpeakInNumbers) {
  Model model = Model::load(write({}), {.threads = 1, .context = 64});
  EXPECT_FALSE(model.info().has_tokenizer);
  const Generation generation = model.generate_from(prompt_of(5), greedy(5));
  EXPECT_EQ(generation.tokens.size(), 5u);
  EXPECT_EQ(generation.text, "");
  EXPECT_ERROR(model.generate("text"), "the file has no tokenizer");
  const std::vector<Message> messages = {{Role::kUser, "text"}};
  EXPECT_ERROR(model.chat(messages), "the file has no tokenizer");
  EXPECT_ERROR(model.tokenize("text"), "the file has no tokenizer");
  EXPECT_ERROR(model.embed("text", {.pooling = Pooling::kMean}), "the file has no tokenizer");
}

}  // namespace
}  // namespace rocmforge
