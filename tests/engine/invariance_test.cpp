// Tests that an answer does not depend on other requests, on how a prompt was divided, or on the cache: on one backend
// the bits are the same.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "support/logits.h"
#include "support/model_keys/usual_options.h"
#include "support/random_model.h"

namespace rocmforge::engine {
namespace {

using testing::Answer32;
using testing::ModelFile;
using testing::RandomModelOptions;
using testing::TestDevice;

// Exceeds two blocks of the cache and several windows.
constexpr std::size_t kTokens = 75;

std::vector<kv::TokenId> random_tokens(std::size_t count, std::uint32_t seed, int vocabulary) {
  std::mt19937 generator(seed);
  std::uniform_int_distribution<kv::TokenId> any(0, vocabulary - 1);
  std::vector<kv::TokenId> tokens(count);
  for (kv::TokenId& token : tokens) token = any(generator);
  return tokens;
}

// Returns a model of each decoder architecture with layers of all kinds, with weights that are multiplied as floats and
// as integer blocks. Encoders are excluded: they process all tokens at once.
std::vector<RandomModelOptions> decoders() {
  std::vector<RandomModelOptions> list;
  for (const models::Architecture& architecture : models::architectures()) {
    RandomModelOptions options = testing::usual_options(architecture.name);
    if (describe(options, testing::random_model_keys(options)).spec.is_encoder()) continue;
    for (const quant::FormatId format : {quant::FormatId::kF32, quant::FormatId::kQ4_0}) {
      options.context = 128;
      options.format = format;
      list.push_back(options);
    }
  }
  return list;
}

std::string name_of(const RandomModelOptions& model, const TestDevice& device) {
  return model.architecture + " in " + std::string(quant::format_of(model.format).name) + " on " + device.name;
}

RunnerOptions batch_options(const TestDevice& device, int sequences) {
  RunnerOptions options;
  options.device = device.options;
  options.context = 128;
  options.sequences = sequences;
  options.step_tokens = 256;
  options.logit_rows = 256;
  return options;
}

class Invariance : public ::testing::TestWithParam<TestDevice> {};

TEST_P(Invariance, WhateverTheStepsOfAPrompt) {
  for (const RandomModelOptions& options : decoders()) {
    const ModelFile model(testing::random_model(options));
    const auto tokens = random_tokens(kTokens, 1, options.vocabulary);
    Runner runner(model.file(), batch_options(GetParam(), 1));
    const Answer32 whole = testing::answer_of(runner, tokens, kTokens);
    for (const std::size_t at_a_time : {1u, 7u, 32u, 33u}) {
      EXPECT_EQ(testing::answer_of(runner, tokens, at_a_time).values, whole.values)
          << name_of(options, GetParam()) << ", " << at_a_time << " tokens at a time";
    }
  }
}

TEST_P(Invariance, AloneOrAmongEight) {
  for (const RandomModelOptions& options : decoders()) {
    const ModelFile model(testing::random_model(options));
    Runner runner(model.file(), batch_options(GetParam(), 8));
    const auto tokens = random_tokens(kTokens, 1, options.vocabulary);
    const Answer32 alone = testing::answer_of(runner, tokens, kTokens);

    // The other sequences have other lengths and positions.
    std::vector<std::vector<kv::TokenId>> all;
    std::vector<kv::SequenceId> ids;
    for (std::uint32_t i = 0; i < 8; ++i) {
      all.push_back(i == 3 ? tokens : random_tokens(60 + 2 * i, 100 + i, options.vocabulary));
      ids.push_back(testing::start_after(runner, all.back()));
    }
    Answer32 among;
    for (std::size_t step = 0; among.values.size() < alone.values.size(); ++step) {
      std::vector<StepItem> items;
      for (std::size_t i = 0; i < 8; ++i) {
        const auto done = static_cast<std::size_t>(runner.cache().length(ids[i]));
        const std::size_t count = std::min(1 + 5 * ((step + i) % 3), all[i].size() - done);
        if (count == 0) continue;
        const auto part = std::span(all[i]).subspan(done, count);
        items.push_back({ids[i], part, i == 3 ? Wanted::kAll : Wanted::kNothing});
      }
      ASSERT_TRUE(runner.run(items));
      for (int row = 0; row < runner.output_rows(); ++row) {
        const auto values = runner.output(row);
        among.values.insert(among.values.end(), values.begin(), values.end());
      }
    }
    for (const kv::SequenceId id : ids) runner.finish(id);
    EXPECT_EQ(among.values, alone.values) << name_of(options, GetParam());
  }
}

TEST_P(Invariance, WhateverTheThreads) {
  if (GetParam().options.device == "ref") GTEST_SKIP() << "ref has one thread";
  for (const RandomModelOptions& options : decoders()) {
    const ModelFile model(testing::random_model(options));
    const auto tokens = random_tokens(kTokens, 1, options.vocabulary);
    Answer32 first;
    for (const int threads : {1, 2, 5}) {
      TestDevice device = GetParam();
      device.options.threads = threads;
      Runner runner(model.file(), batch_options(device, 1));
      const Answer32 answer = testing::answer_of(runner, tokens, 40);
      if (threads == 1) first = answer;
      EXPECT_EQ(answer.values, first.values) << name_of(options, device) << ", " << threads << " threads";
    }
  }
}

TEST_P(Invariance, WithAPrefixFromTheCache) {
  for (const RandomModelOptions& options : decoders()) {
    const ModelFile model(testing::random_model(options));
    const auto tokens = random_tokens(kTokens, 1, options.vocabulary);
    RunnerOptions runner_options = batch_options(GetParam(), 2);
    runner_options.state_snapshots = 2;
    Runner runner(model.file(), runner_options);
    const auto first = runner.start(tokens);
    if (runner.spec().encoder != nullptr) runner.encode(first->id, tokens);
    Answer32 fresh;
    testing::continue_answer(runner, first->id, std::span(tokens).first(64), 64, fresh);
    runner.save_state(first->id);
    testing::continue_answer(runner, first->id, std::span(tokens).subspan(64), 64, fresh);
    runner.finish(first->id);

    const auto second = runner.start(tokens);
    if (runner.spec().encoder != nullptr) {
      EXPECT_EQ(second->cached, 0) << "a decoder's tokens mean another thing after each text";
      continue;
    }
    EXPECT_EQ(second->cached, 64) << name_of(options, GetParam());
    Answer32 reused;
    const auto cached = static_cast<std::size_t>(second->cached);
    testing::continue_answer(runner, second->id, std::span(tokens).subspan(cached), 64, reused);
    const std::vector<float> expected(fresh.values.end() - static_cast<std::ptrdiff_t>(reused.values.size()),
                                      fresh.values.end());
    EXPECT_EQ(reused.values, expected) << name_of(options, GetParam());
  }
}

INSTANTIATE_TEST_SUITE_P(Devices, Invariance, ::testing::ValuesIn(testing::all_devices()),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace rocmforge::engine
