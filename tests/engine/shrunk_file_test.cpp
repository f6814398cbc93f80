// A model's file that loses bytes while the engine uses it. What was computed from zeros in their place must not reach
// anybody.
#include <filesystem>

#include <gtest/gtest.h>

#include "engine/perplexity.h"
#include "engine/runner.h"
#include "rocmforge/rocmforge.h"
#include "support/chat_model.h"
#include "support/expect_error.h"
#include "support/temp_folder.h"

namespace rocmforge {
namespace {

class ShrunkFile : public ::testing::Test {
 protected:
  testing::TempFolder folder_;
  // Large enough that its weights lie in pages behind those of the header.
  std::string path_ = testing::chat_model(folder_ / "model.gguf", {.script = {"one", " two", " three"}});
  void cut() const { std::filesystem::resize_file(path_, std::filesystem::file_size(path_) / 2); }
  Model load() const {
    LoadOptions options;
    options.threads = 1;
    options.context = 128;
    return Model::load(path_, options);
  }
};

TEST_F(ShrunkFile, GivesNoEmbedding) {
  Model model = load();
  cut();
  EXPECT_ERROR(model.embed("some words", {.pooling = Pooling::kMean}), "shrank");
}

TEST_F(ShrunkFile, GivesNoToken) {
  Model model = load();
  int pieces = 0;
  const auto count = [&](const Piece&) {
    ++pieces;
    return true;
  };
  GenerationOptions options;
  options.max_tokens = 5;
  options.sampling.ignore_eos = true;
  EXPECT_EQ(model.generate("some words", options, count).tokens.size(), 5u);
  const int before = pieces;
  cut();
  EXPECT_ERROR(model.generate("other words", options, count), "shrank");
  EXPECT_EQ(pieces, before);
  EXPECT_ERROR(model.generate("some words", options, count), "shrank");
}

TEST_F(ShrunkFile, GivesNoLogits) {
  const gguf::File file = gguf::File::open(path_);
  engine::Runner runner(file, {.device = {.device = "cpu", .threads = 1}, .context = 128, .on_progress = {}});
  const std::vector<kv::TokenId> tokens = {1, 2, 3};
  const engine::StepItem item{runner.start()->id, tokens, engine::Wanted::kLast};
  cut();
  EXPECT_ERROR(runner.run({&item, 1}), "shrank");
}

TEST_F(ShrunkFile, GivesNoPerplexity) {
  const gguf::File file = gguf::File::open(path_);
  const engine::MeasuredText text = engine::tokens_to_measure(file, std::string(100, 'x'));
  engine::Runner runner(
      file, {.device = {.device = "cpu", .threads = 1}, .context = 32, .logit_rows = 32, .on_progress = {}});
  cut();
  int windows = 0;
  engine::PerplexityOptions options{.window = 32, .is_cancelled = {}, .on_window = {}};
  options.on_window = [&](int, int, const auto&) { ++windows; };
  EXPECT_ERROR(engine::measure_perplexity(runner, text, options), "shrank");
  EXPECT_EQ(windows, 0);
}

}  // namespace
}  // namespace rocmforge
