// Tests embeddings against the hidden states that they are pooled from.
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/embedding.h"
#include "engine/runner.h"
#include "rocmforge/rocmforge.h"
#include "support/chat_model.h"
#include "support/expect_error.h"
#include "support/random_model.h"
#include "support/temp_folder.h"

namespace rocmforge {
namespace {

using testing::RandomModel;

// Returns a random model whose tokens are bytes.
RandomModel model_with_words(const std::string& architecture) {
  testing::RandomModelOptions options;
  options.architecture = architecture;
  options.vocabulary = 300;
  options.context = 512;
  RandomModel model = testing::random_model(options);
  testing::ChatVocabulary vocabulary({});
  vocabulary.write(model.keys);
  return model;
}

class Embeddings : public ::testing::Test {
 protected:
  std::string write(const RandomModel& model) {
    const testing::ModelFile file(model);
    return folder_.write("model.gguf", file.text());
  }

  // Returns the hidden states to be pooled, computed in one step.
  static std::vector<std::vector<float>> states(const std::string& path, const std::vector<std::int32_t>& tokens) {
    const gguf::File file = gguf::File::open(path);
    const engine::RunnerOptions options{.device = {.device = "cpu", .threads = 1},
                                        .context = 512,
                                        .step_tokens = 512,
                                        .gives_states = true,
                                        .on_progress = {}};
    engine::Runner runner(file, options);
    const engine::StepItem item{runner.start()->id, tokens, engine::Wanted::kStates};
    EXPECT_TRUE(runner.run({&item, 1}));
    std::vector<std::vector<float>> rows;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      const auto state = runner.states(static_cast<int>(i));
      rows.emplace_back(state.begin(), state.end());
    }
    return rows;
  }

  static void expect_near(const std::vector<float>& found, const std::vector<double>& expected) {
    ASSERT_EQ(found.size(), expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], expected[i], 1e-6) << i;
  }

  testing::TempFolder folder_;
};

const std::string kText = "some words to embed";

// Encoders, and decoders of which only the states are needed.
TEST_F(Embeddings, PoolTheStates) {
  for (const char* architecture : {"bert", "qwen3", "gemma3n", "rwkv7"}) {
    const std::string path = write(model_with_words(architecture));
    Model model = Model::load(path, {.threads = 1, .context = 512});
    const auto rows = states(path, model.tokenize(kText));
    const std::size_t width = rows[0].size();
    std::vector<double> mean(width), first(rows.front().begin(), rows.front().end()),
        last(rows.back().begin(), rows.back().end());
    for (const auto& row : rows) {
      for (std::size_t i = 0; i < width; ++i) mean[i] += row[i] / static_cast<double>(rows.size());
    }
    SCOPED_TRACE(architecture);
    expect_near(model.embed(kText, {.pooling = Pooling::kMean, .normalize = false}), mean);
    expect_near(model.embed(kText, {.pooling = Pooling::kFirst, .normalize = false}), first);
    expect_near(model.embed(kText, {.pooling = Pooling::kLast, .normalize = false}), last);
    double squares = 0;
    for (const double value : mean) squares += value * value;
    for (double& value : mean) value /= std::sqrt(squares);
    expect_near(model.embed(kText, {.pooling = Pooling::kMean}), mean);
  }
}

// A decoder's embeddings are made of the same states as its logits.
TEST_F(Embeddings, StatesGiveTheLogits) {
  RandomModel random = model_with_words("llama");
  const std::vector<float> matrix = testing::decode(random.tensor("output.weight"));
  const std::string path = write(random);
  const gguf::File file = gguf::File::open(path);
  const engine::RunnerOptions options{
      .device = {.device = "ref"}, .context = 64, .sequences = 2, .gives_states = true, .on_progress = {}};
  engine::Runner runner(file, options);
  const std::vector<std::int32_t> tokens = {5, 7, 11};
  // Both in one step, as an engine may do it.
  const engine::StepItem items[] = {{runner.start()->id, tokens, engine::Wanted::kStates},
                                    {runner.start()->id, tokens, engine::Wanted::kLast}};
  ASSERT_TRUE(runner.run(items));
  const auto state = runner.states(2);
  const auto logits = runner.output(0);
  for (std::size_t token = 0; token < logits.size(); ++token) {
    double sum = 0;
    for (std::size_t i = 0; i < state.size(); ++i)
      sum += static_cast<double>(matrix[token * state.size() + i]) * state[i];
    EXPECT_NEAR(logits[token], sum, 1e-4);
  }
}

TEST_F(Embeddings, DoNotDependOnWhatIsCachedOrHowLongTheTextIs) {
  Model model = Model::load(write(model_with_words("qwen3")), {.threads = 1, .context = 2048});
  const EmbedOptions options{.pooling = Pooling::kMean};
  const std::string text(1500, 'x');  // three steps
  const std::vector<float> first = model.embed(text, options);
  model.generate(text, {.max_tokens = 1});
  EXPECT_EQ(model.embed(text, options), first);
}

TEST_F(Embeddings, FollowTheFile) {
  RandomModel random = model_with_words("qwen3");
  random.keys.set("qwen3.pooling_type", std::uint32_t{3});
  Model model = Model::load(write(random), {.threads = 1, .context = 64});
  EXPECT_EQ(model.embed(kText), model.embed(kText, {.pooling = Pooling::kLast}));
  EXPECT_NE(model.embed(kText), model.embed(kText, {.pooling = Pooling::kMean}));
  const auto refused = [&](std::uint32_t type, const char* text) {
    random.keys.set("qwen3.pooling_type", type);
    Model other = Model::load(write(random), {.threads = 1, .context = 64});
    EXPECT_ERROR(other.embed(kText), text);
    EXPECT_EQ(other.embed(kText, {.pooling = Pooling::kMean}).size(), 32u) << "the caller's word counts";
  };
  refused(0, "'qwen3.pooling_type' does not say");
  refused(4, "ranks texts");
  refused(9, "'qwen3.pooling_type' is 9, expected 0 to 4");
}

TEST_F(Embeddings, AreErrorsWhereATextDoesNotFit) {
  Model model = Model::load(write(model_with_words("bert")), {.threads = 1, .context = 64});
  EXPECT_ERROR(model.embed(std::string(65, 'x'), {.pooling = Pooling::kMean}),
               "65 tokens, more than the context of 64");
  EXPECT_ERROR(model.embed("", {.pooling = Pooling::kMean}), "the text is empty");
  EXPECT_ERROR(model.generate("x"), "is an encoder");
  EXPECT_EQ(model.embed("x", {.pooling = Pooling::kMean}).size(), 32u);
}

TEST_F(Embeddings, OfADamagedModelAreErrors) {
  RandomModel random = model_with_words("qwen3");
  for (auto& tensor : random.tensors) {
    if (tensor.name == "output_norm.weight") std::ranges::fill(tensor.bytes, std::byte{0xff});
  }
  Model model = Model::load(write(random), {.threads = 1, .context = 64});
  EXPECT_ERROR(model.embed("x", {.pooling = Pooling::kMean}), "not of finite numbers");
}

TEST(Projections, AreAppliedOneAfterTheOther) {
  RandomModel random = model_with_words("gemma-embedding");
  const int width = 32;
  const std::vector<float> up = testing::decode(random.tensors.emplace_back(
      testing::random_tensor({}, "dense_2.weight", {static_cast<std::uint64_t>(width), 48}, true)));
  const std::vector<float> bias =
      testing::decode(random.tensors.emplace_back(testing::random_tensor({}, "dense_2.bias", {48}, false)));
  const std::vector<float> down =
      testing::decode(random.tensors.emplace_back(testing::random_tensor({}, "dense_3.weight", {48, 16}, true)));
  const testing::ModelFile file(random);
  const std::vector<float> in(static_cast<std::size_t>(width), 0.25f);
  const std::vector<float> out = engine::Projections(file.file(), width).project(in);
  ASSERT_EQ(out.size(), 16u);
  for (std::size_t o = 0; o < out.size(); ++o) {
    double sum = 0;
    for (std::size_t h = 0; h < 48; ++h) {
      double inner = bias[h];
      for (std::size_t i = 0; i < in.size(); ++i) inner += static_cast<double>(up[h * in.size() + i]) * in[i];
      sum += inner * down[o * 48 + h];
    }
    EXPECT_NEAR(out[o], sum, 1e-5);
  }
  testing::StoredTensor& second = random.tensors.back();
  second.format = &quant::format_of(quant::FormatId::kI32);
  const testing::ModelFile of_integers(random);
  EXPECT_ERROR(engine::Projections(of_integers.file(), width), "expected floating-point numbers");
  std::erase_if(random.tensors, [](const auto& tensor) { return tensor.name == "dense_2.weight"; });
  const testing::ModelFile broken(random);
  EXPECT_ERROR(engine::Projections(broken.file(), width), "tensor 'dense_3.weight' is [48, 16], expected rows of 32");
}

}  // namespace
}  // namespace rocmforge
