#include "models/model_summary.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "gguf/writer.h"
#include "support/expect_error.h"
#include "support/reference_data.h"
#include "support/temp_folder.h"

namespace rocmforge::models {
namespace {

using testing::TempFolder;

struct Model {
  gguf::MetadataBuilder keys;
  std::vector<gguf::TensorSpec> tensors;

  explicit Model(const std::string& architecture) { keys.set("general.architecture", architecture); }

  Model& tensor(const std::string& name, gguf::Shape shape, quant::FormatId format = quant::FormatId::kF32) {
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
  Model model("llama");
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

// Files without the keys are common; what the shapes imply is told, and told to be inferred.
TEST(ModelSummary, InfersFromShapesWhatTheKeysLack) {
  const ModelSummary summary = Model("llama")
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

TEST(ModelSummary, RecognisesTiedEmbeddings) {
  EXPECT_TRUE(Model("llama").tensor("token_embd.weight", {64, 32}).summary().tied_embeddings);
  EXPECT_FALSE(
      Model("llama").tensor("token_embd.weight", {64, 32}).tensor("output.weight", {64, 32}).summary().tied_embeddings);
}

// Keys and values by the tensors that make them, layer by layer.
TEST(ModelSummary, CountsTheCacheOfEveryKindOfLayer) {
  Model model("hybrid");
  model.keys.set("hybrid.block_count", std::uint32_t{4});
  model.keys.set("hybrid.embedding_length", std::uint32_t{64});
  model.keys.set("hybrid.attention.head_count", std::uint32_t{4});
  model.keys.set_array("hybrid.attention.head_count_kv", std::vector<std::int32_t>{2, 2, 0, 1});
  model.keys.set("hybrid.ssm.inner_size", std::uint32_t{128});
  model.keys.set("hybrid.ssm.state_size", std::uint32_t{16});
  model.tensor("blk.0.attn_k.weight", {64, 32}).tensor("blk.0.attn_v.weight", {64, 48});        // apart
  model.tensor("blk.1.attn_qkv.weight", {64, 128});                                             // fused: 2 heads of 16
  model.tensor("blk.2.ssm_conv1d.weight", {4, 160}).tensor("blk.2.attn_qkv.weight", {64, 96});  // recurrent
  model.tensor("blk.3.attn_k.weight", {64, 16});                                                // values are the keys
  const ModelSummary summary = model.summary();
  EXPECT_EQ(summary.cache.attention_layers, 3u);
  EXPECT_EQ(summary.cache.recurrent_layers, 1u);
  EXPECT_EQ(summary.cache.values_per_token, (32u + 48) + 2 * (16 + 16) + 2 * 16);
  EXPECT_EQ(summary.cache.state_values, 3u * 160 + 128 * 16);
  EXPECT_EQ(summary.cache_bytes(100, f16()), 100 * 2 * summary.cache.values_per_token + 4 * summary.cache.state_values);
}

TEST(ModelSummary, CountsOneLatentForAllHeads) {
  Model model("deepseek2");
  model.keys.set("deepseek2.block_count", std::uint32_t{1});
  model.keys.set("deepseek2.attention.kv_lora_rank", std::uint32_t{512});
  model.keys.set("deepseek2.rope.dimension_count", std::uint32_t{64});
  EXPECT_EQ(model.tensor("blk.0.attn_kv_a_mqa.weight", {64, 576}).summary().cache.values_per_token, 576u);
}

TEST(ModelSummary, KnowsThatEncodersKeepNothing) {
  Model model("bert");
  model.keys.set("bert.block_count", std::uint32_t{1});
  model.keys.set("bert.attention.causal", false);
  EXPECT_EQ(model.tensor("blk.0.attn_k.weight", {64, 64}).summary().cache.values_per_token, 0u);
}

// A number of layers that no model has must not become memory.
TEST(ModelSummary, RefusesAbsurdNumbers) {
  Model model("llama");
  model.keys.set("llama.block_count", std::uint64_t{1} << 60);
  model.keys.set("llama.attention.head_count", std::uint32_t{4});
  EXPECT_ERROR(model.tensor("token_embd.weight", {64, 32}).summary(), "llama.block_count");
  Model text("llama");
  text.keys.set("llama.block_count", "many");
  EXPECT_ERROR(text.summary(), "expected an integer");
}

// Whatever model there is a file of must be described, not refused.
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
    const bool is_encoder = architecture.find("bert") != std::string::npos ||
                            architecture.find("t5") != std::string::npos || architecture == "gemma-embedding";
    EXPECT_EQ(keeps_something, !is_encoder) << file;
    EXPECT_TRUE(summary.layers && summary.width && summary.vocabulary) << file;
    ++described;
  }
  EXPECT_GT(described, 0);
}

}  // namespace
}  // namespace rocmforge::models
