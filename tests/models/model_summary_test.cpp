// Tests the summary of a model from its metadata and the shapes of its tensors.
#include "models/model_summary.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "gguf/writer.h"
#include "support/expect_error.h"
#include "support/model_keys/usual_options.h"
#include "support/random_model.h"
#include "support/reference_data.h"
#include "support/temp_folder.h"

namespace rocmforge::models {
namespace {

using testing::TempFolder;

struct FakeModel {
  gguf::MetadataBuilder keys;
  std::vector<gguf::TensorSpec> tensors;

  explicit FakeModel(const std::string& architecture) { keys.set("general.architecture", architecture); }

  FakeModel& tensor(const std::string& name, gguf::Shape shape, quant::FormatId format = quant::FormatId::kF32) {
    tensors.push_back({name, &quant::format_of(format), shape});
    return *this;
  }

  ModelSummary summary() const {
    const TempFolder folder;
    gguf::Writer(folder / "model.gguf", keys, tensors, {.sparse = true}).finish();
    return summarize(gguf::File::open(folder / "model.gguf"));
  }
};

const quant::Format& f16() { return quant::format_of(quant::FormatId::kF16); }

TEST(ModelSummary, PrefersKeysToShapes) {
  FakeModel model("llama");
  model.keys.set("llama.block_count", std::uint32_t{1});
  model.keys.set("llama.embedding_length", std::uint32_t{64});
  model.keys.set("llama.feed_forward_length", std::uint32_t{96});
  model.keys.set("llama.vocab_size", std::uint32_t{1000});
  const ModelSummary summary =
      model.tensor("token_embd.weight", {64, 1024}).tensor("blk.0.ffn_up.weight", {64, 128}).summary();
  EXPECT_EQ(summary.vocabulary->value, 1000u);
  EXPECT_FALSE(summary.vocabulary->inferred);
  EXPECT_EQ(summary.ffn_width->value, 96u);
  EXPECT_FALSE(summary.ffn_width->inferred);
}

// Files without the keys are common; values that follow from the shapes are shown and marked as inferred.
TEST(ModelSummary, InfersFromShapesWhatTheKeysLack) {
  const ModelSummary summary = FakeModel("llama")
                                   .tensor("token_embd.weight", {64, 1024})
                                   .tensor("blk.0.ffn_up.weight", {64, 128})
                                   .tensor("blk.1.ffn_up_exps.weight", {64, 256, 4})
                                   .summary();
  EXPECT_EQ(summary.vocabulary->value, 1024u);
  EXPECT_EQ(summary.width->value, 64u);
  EXPECT_EQ(summary.layers->value, 2u);
  EXPECT_EQ(summary.ffn_width->value, 256u);
  for (const auto& dimension : {summary.vocabulary, summary.width, summary.layers, summary.ffn_width}) {
    EXPECT_TRUE(dimension->inferred);
  }
}

ModelSummary summary_of(const std::string& architecture, int layers) {
  const testing::RandomModel model = testing::random_model({.architecture = architecture, .layers = layers});
  return summarize(testing::ModelFile(model).file());
}

TEST(ModelSummary, RecognisesTiedEmbeddings) {
  for (const bool has_own_output : {false, true}) {
    const testing::RandomModel model =
        testing::random_model({.architecture = "lfm2", .has_own_output = has_own_output});
    EXPECT_EQ(summarize(testing::ModelFile(model).file()).tied_embeddings, !has_own_output);
  }
  EXPECT_FALSE(summary_of("bert", 2).tied_embeddings);
}

// The random models have 2 key heads of 8, and a width of 32.
TEST(ModelSummary, CountsTheCacheOfEveryKindOfLayer) {
  EXPECT_EQ(summary_of("llama", 2).cache.values_per_token, 2u * 2 * (8 + 8));
  EXPECT_EQ(summary_of("llama", 2).cache.attention_layers, 2u);
  EXPECT_FALSE(summary_of("llama", 2).cache.has_window);
  EXPECT_TRUE(summary_of("gemma2", 2).cache.has_window);
  const ModelSummary short_convolutions = summary_of("lfm2", 2);
  EXPECT_EQ(short_convolutions.cache.attention_layers, 1u);
  EXPECT_EQ(short_convolutions.cache.recurrent_layers, 1u);
  EXPECT_EQ(short_convolutions.cache.state_values, 2u * 32);  // the two previous positions
  EXPECT_EQ(short_convolutions.cache_bytes(100, f16()), 100 * 2 * (2u * (8 + 8)) + 4 * 2u * 32);
  // Two shifted rows and a matrix of 8 by 8 for each of 4 heads.
  EXPECT_EQ(summary_of("rwkv7", 1).cache.state_values, 2u * 32 + 4 * 8 * 8);
}

// Keys and values of all heads are one vector of half the width, with a rotated part.
TEST(ModelSummary, CountsOneLatentForAllHeads) {
  EXPECT_EQ(summary_of("deepseek2", 2).cache.values_per_token, 2u * (16 + 8));
}

// The last two of four layers use the keys of earlier ones.
TEST(ModelSummary, CountsSharedKeysOnce) {
  const ModelSummary summary = summarize(testing::ModelFile(random_model(testing::usual_options("gemma3n"))).file());
  EXPECT_EQ(summary.layers->value, 4u);
  EXPECT_EQ(summary.cache.attention_layers, 2u);
}

TEST(ModelSummary, KnowsThatEncodersKeepNothing) { EXPECT_EQ(summary_of("bert", 2).cache.values_per_token, 0u); }

// An absurd number of layers must not be allocated.
TEST(ModelSummary, RefusesAbsurdNumbers) {
  FakeModel model("llama");
  model.keys.set("llama.block_count", std::uint64_t{1} << 60);
  model.keys.set("llama.attention.head_count", std::uint32_t{4});
  EXPECT_ERROR(model.tensor("token_embd.weight", {64, 32}).summary(), "llama.block_count");
  FakeModel text("llama");
  text.keys.set("llama.block_count", "many");
  EXPECT_ERROR(text.summary(), "expected an integer");
}

// Every model must be described, not refused.
TEST(ModelSummary, DescribesEveryReferenceModel) {
  const std::filesystem::path folder = testing::conformance_folder() / "arch";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no " << folder << "; set ROCMFORGE_CONFORMANCE to its parent";
  int described = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const auto file = entry.path() / "model.gguf";
    if (!std::filesystem::exists(file)) continue;
    const ModelSummary summary = summarize(gguf::File::open(file.string()));
    const bool keeps_something = summary.cache.values_per_token + summary.cache.state_values > 0;
    const std::string& architecture = summary.architecture;
    const bool is_encoder = architecture.find("bert") != std::string::npos || architecture == "t5encoder" ||
                            architecture == "gemma-embedding";
    EXPECT_EQ(keeps_something, !is_encoder) << file;
    EXPECT_TRUE(summary.layers && summary.width && summary.vocabulary) << file;
    ++described;
  }
  EXPECT_GT(described, 0);
}

}  // namespace
}  // namespace rocmforge::models
