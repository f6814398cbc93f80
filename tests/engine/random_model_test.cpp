// Tests that every architecture can be built with random weights, loads and computes, and that models that differ only
// in their stored form compute the same.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "base/log.h"
#include "engine/model_run.h"
#include "models/tensor_list.h"
#include "support/expect_error.h"
#include "support/model_forms.h"
#include "support/model_keys/usual_options.h"

namespace rocmforge::engine {
namespace {

using testing::random_model;
using testing::RandomModel;
using testing::RandomModelOptions;
using testing::RopeDivisors;

class RandomModels : public ::testing::Test {
 protected:
  RandomModels() { log::set_level(log::Level::kError); }
  ~RandomModels() override { log::set_level(log::Level::kInfo); }
};

// Changes a model to another stored form, for architectures whose files may have it.
using Form = void (*)(RandomModel& model);

int expect_equal_in_form(Form change, double tolerance) {
  int compared = 0;
  for (const models::Architecture& architecture : models::architectures()) {
    RandomModel model = random_model(testing::usual_options(architecture.name));
    const std::vector<float> expected = testing::logits_of(model);
    const std::size_t tensors = model.tensors.size();
    change(model);
    if (model.tensors.size() == tensors) continue;
    // gpt-oss has biases for gate and up, for which the fused form has no names.
    if (architecture.name == "gpt-oss" && model.find("blk.0.ffn_gate_up_exps.weight") != nullptr) continue;
    EXPECT_LE(testing::difference_in_spreads(testing::logits_of(model), expected), tolerance) << architecture.name;
    ++compared;
  }
  return compared;
}

TEST_F(RandomModels, OfEveryArchitectureComputeFiniteLogits) {
  for (const models::Architecture& architecture : models::architectures()) {
    SCOPED_TRACE(architecture.name);
    const RandomModel model = random_model(testing::usual_options(architecture.name));
    const testing::ModelFile file(model);
    for (const models::Assumption& assumption : models::describe(file.file()).assumptions) {
      EXPECT_FALSE(assumption.matters) << "a key is missing that converters write: " << assumption.what;
    }
    const std::vector<float> expected = testing::logits_of(file.file());
    EXPECT_TRUE(testing::all_finite(expected));
    EXPECT_GT(testing::spread_of(expected), 0.3);
    EXPECT_LT(testing::spread_of(expected), 10);
    for (const std::string_view device : testing::kDevices) {
      EXPECT_LE(testing::difference_in_spreads(testing::logits_of(file.file(), device), expected), 1e-3) << device;
    }
  }
}

TEST_F(RandomModels, FusedQueriesKeysAndValuesAreTheSplitOnes) {
  EXPECT_EQ(expect_equal_in_form(testing::fuse_query_key_value, 0), 69);
}

TEST_F(RandomModels, FusedExpertsAreTheSplitOnes) { EXPECT_EQ(expect_equal_in_form(testing::fuse_experts, 0), 27); }

// The products are the same; the transposed part is rounded to F32 again, as before.
TEST_F(RandomModels, TheJointLatentMatrixIsTheSplitOnes) {
  EXPECT_EQ(expect_equal_in_form(testing::join_latent_matrices, 1e-6), 4);
}

TEST_F(RandomModels, TheEmbeddingsAsOutputAreTiedOnes) {
  for (const char* architecture : {"llama", "gpt2", "qwen3", "gemma3", "deepseek2", "mamba2"}) {
    RandomModel model = random_model({.architecture = architecture, .has_own_output = false});
    ASSERT_EQ(model.find("output.weight"), nullptr);
    const std::vector<float> tied = testing::logits_of(model);
    testing::repeat_embeddings_as_output(model);
    EXPECT_EQ(testing::logits_of(model), tied) << architecture;
  }
}

// phi3 stores the same computation as qwen2 without biases, with the gate's rows before those of up.
TEST_F(RandomModels, Phi3IsQwen2Fused) {
  RandomModel model = random_model({.architecture = "qwen2", .has_optional_tensors = false});
  const std::vector<float> expected = testing::logits_of(model);
  testing::rename_architecture(model, "qwen2", "phi3");
  model.keys.set("phi3.rope.dimension_count", std::uint32_t{8});
  testing::fuse_query_key_value(model);
  testing::fuse_gate(model);
  EXPECT_EQ(testing::logits_of(model), expected);
}

// llama and qwen2 differ only in the order of a head's rotated values.
TEST_F(RandomModels, LlamaIsNotQwen2) {
  RandomModel model = random_model({.architecture = "llama", .has_optional_tensors = false});
  const std::vector<float> llama = testing::logits_of(model);
  testing::rename_architecture(model, "llama", "qwen2");
  EXPECT_GT(testing::difference_in_spreads(testing::logits_of(model), llama), 0.1);
}

void set_all(RandomModel& model, const std::string& name, float value) {
  for (testing::StoredTensor& tensor : model.tensors) {
    if (tensor.name != name) continue;
    tensor = testing::stored(name, tensor.shape, std::vector<float>(tensor.shape.count(), value));
  }
}

TEST_F(RandomModels, RopeDivisorsOfOneAreNone) {
  const std::vector<float> plain = testing::logits_of(random_model({.architecture = "llama"}));
  RandomModel model = random_model({.architecture = "llama", .divisors = RopeDivisors::kOne});
  EXPECT_GT(testing::difference_in_spreads(testing::logits_of(model), plain), 0.01);
  set_all(model, "rope_freqs.weight", 1);
  EXPECT_EQ(testing::logits_of(model), plain);
}

// A divisor of 4 for every pair is linear scaling by 4.
TEST_F(RandomModels, EqualRopeDivisorsAreLinearScaling) {
  RandomModel scaled = random_model({.architecture = "llama"});
  scaled.keys.set("llama.rope.scaling.type", "linear");
  scaled.keys.set("llama.rope.scaling.factor", 4.0f);
  RandomModel divided = random_model({.architecture = "llama", .divisors = RopeDivisors::kOne});
  set_all(divided, "rope_freqs.weight", 4);
  EXPECT_EQ(testing::logits_of(divided), testing::logits_of(scaled));
}

// Above the original length the long factors apply, up to it the short ones.
TEST_F(RandomModels, TheContextDecidesBetweenLongAndShortFactors) {
  RandomModelOptions options{.architecture = "phi3", .divisors = RopeDivisors::kLongAndShort};
  RandomModel model = random_model(options);
  const std::vector<float> as_long = testing::logits_of(model);
  set_all(model, "rope_factors_short.weight", 2);
  EXPECT_EQ(testing::logits_of(model), as_long);
  model.keys.set("phi3.rope.scaling.original_context_length", std::uint32_t{64});
  const std::vector<float> as_short = testing::logits_of(model);
  set_all(model, "rope_factors_long.weight", 3);
  EXPECT_EQ(testing::logits_of(model), as_short);
  EXPECT_NE(as_long, as_short);
}

TEST_F(RandomModels, AWindowWiderThanTheContextIsNone) {
  for (const char* architecture : {"gemma2", "gemma3", "gpt-oss"}) {
    const std::string prefix = std::string(architecture) + ".attention.sliding_window";
    RandomModel model = random_model({.architecture = architecture, .window = 1000});
    const std::vector<float> wide = testing::logits_of(model);
    model.keys.set_array(prefix + "_pattern", std::vector<bool>(2, false));
    // gemma3's layers with a window have their own rotary settings; the other layers' are made equal.
    model.keys.set("gemma3.rope.freq_base", 10000.0f);
    model.keys.set("gemma3.rope.scaling.factor", 1.0f);
    EXPECT_EQ(testing::logits_of(model), wide) << architecture;
    const RandomModel narrow = random_model({.architecture = architecture, .window = 8});
    EXPECT_GT(testing::difference_in_spreads(testing::logits_of(narrow), wide), 0.01) << architecture;
  }
}

// If all experts are equal the choice does not matter, and weights that add up to 1 give one expert.
TEST_F(RandomModels, EqualExpertsAreOneDensePart) {
  RandomModelOptions options{.architecture = "llama", .ffn_width = 32, .has_optional_tensors = false};
  const RandomModel dense = random_model(options);
  options.has_experts = true;
  RandomModel mixture = random_model(options);
  for (testing::StoredTensor& tensor : mixture.tensors) {
    const std::size_t ending = tensor.name.find("_exps.weight");
    if (ending == std::string::npos) continue;
    const testing::StoredTensor& one = dense.tensor(tensor.name.substr(0, ending) + ".weight");
    tensor.bytes.clear();
    for (int expert = 0; expert < options.experts; ++expert) {
      tensor.bytes.insert(tensor.bytes.end(), one.bytes.begin(), one.bytes.end());
    }
  }
  EXPECT_LE(testing::difference_in_spreads(testing::logits_of(mixture), testing::logits_of(dense)), 1e-5);
}

// Repeated heads of keys and values are equal to shared ones.
TEST_F(RandomModels, RepeatedKeyHeadsAreSharedOnes) {
  RandomModel shared = random_model({.architecture = "llama", .kv_heads = 2, .has_optional_tensors = false});
  const std::vector<float> expected = testing::logits_of(shared);
  for (testing::StoredTensor& tensor : shared.tensors) {
    if (!tensor.name.ends_with("attn_k.weight") && !tensor.name.ends_with("attn_v.weight")) continue;
    const std::vector<float> heads = testing::decode(tensor);
    const std::size_t size = heads.size() / 2;
    std::vector<float> repeated;
    for (const std::size_t head : {0, 0, 1, 1}) {
      repeated.insert(repeated.end(), heads.begin() + static_cast<std::ptrdiff_t>(head * size),
                      heads.begin() + static_cast<std::ptrdiff_t>((head + 1) * size));
    }
    tensor = testing::stored(tensor.name, {tensor.shape[0], 2 * tensor.shape[1]}, repeated);
  }
  shared.keys.set("llama.attention.head_count_kv", std::uint32_t{4});
  EXPECT_EQ(testing::logits_of(shared), expected);
}

// NVFP4's second scale: half the values with a separate scale of 2 give the original values.
TEST_F(RandomModels, AScaleBesideAMatrixMultipliesIt) {
  for (const char* architecture : {"llama", "qwen2moe", "deepseek2", "mamba2", "gpt2"}) {
    const RandomModel model = random_model({.architecture = architecture});
    const std::vector<float> expected = testing::logits_of(model);
    const testing::ModelFile file(model);
    for (const models::ListedTensor& listed : models::list_tensors(models::describe(file.file()).spec)) {
      if (!listed.is_matrix) continue;
      RandomModel scaled = model;
      for (testing::StoredTensor& tensor : scaled.tensors) {
        if (tensor.name != listed.name) continue;
        std::vector<float> halves = testing::decode(tensor);
        for (float& value : halves) value /= 2;
        tensor = testing::stored(tensor.name, tensor.shape, halves);
      }
      const std::string name = listed.name.substr(0, listed.name.rfind("weight")) + "scale";
      scaled.tensors.push_back(testing::stored(name, {listed.shape[2]}, std::vector<float>(listed.shape[2], 2.0f)));
      EXPECT_EQ(testing::difference_in_spreads(testing::logits_of(scaled), expected), 0) << architecture << " " << name;
    }
  }
}

// Additional layers for token prediction, images or sound are ignored, and this is reported once.
TEST_F(RandomModels, WhatIsNotUsedChangesNothing) {
  for (const char* architecture : {"qwen3moe", "glm4moe", "qwen35"}) {
    RandomModel model = random_model(testing::usual_options(architecture));
    const std::vector<float> expected = testing::logits_of(model);
    const auto prefix = std::string(architecture) + ".";
    const int layers = testing::usual_options(architecture).layers;
    model.keys.set(prefix + "block_count", static_cast<std::uint32_t>(layers + 1));
    model.keys.set(prefix + "nextn_predict_layers", std::uint32_t{1});
    const testing::StoredTensor some = model.tensor("token_embd.weight");
    const std::vector<float> numbers = testing::decode(some);
    for (const std::string& name :
         {fmt::format("blk.{}.nextn.eh_proj.weight", layers), fmt::format("blk.{}.attn_q.weight", layers),
          std::string("v.blk.0.attn_q.weight"), std::string("mm.0.weight")}) {
      model.tensors.push_back(testing::stored(name, some.shape, numbers));
    }
    log::set_level(log::Level::kInfo);
    ::testing::internal::CaptureStderr();
    EXPECT_EQ(testing::logits_of(model), expected) << architecture;
    const std::string said = ::testing::internal::GetCapturedStderr();
    log::set_level(log::Level::kOff);
    const std::size_t first = said.find("4 tensors are not used");
    EXPECT_NE(first, std::string::npos) << said;
    EXPECT_EQ(said.find("not used", first + 30), std::string::npos) << said;
  }
}

// Layers that use the keys of others must not change them, whatever form their tensors have.
TEST_F(RandomModels, LayersThatShareKeysWriteNone) {
  RandomModel model = random_model(testing::usual_options("gemma3n"));
  const std::vector<float> expected = testing::logits_of(model);
  const int layers = testing::usual_options("gemma3n").layers;
  for (int layer = layers - 2; layer < layers; ++layer) {
    for (const char* name : {"attn_k.weight", "attn_v.weight", "attn_k.bias", "attn_v.bias"}) {
      testing::StoredTensor of_another = model.tensor(fmt::format("blk.0.{}", name));
      of_another.name = fmt::format("blk.{}.{}", layer, name);
      model.tensors.push_back(std::move(of_another));
    }
  }
  EXPECT_EQ(testing::logits_of(model), expected);
  testing::fuse_query_key_value(model);
  EXPECT_EQ(testing::logits_of(model), expected);
}

// Settings that make an answer impossible must give an error.
TEST_F(RandomModels, ThatCannotAnswerAreRefused) {
  const auto expect_refused = [](const std::string& architecture, const std::string& key, auto value, const char* why) {
    RandomModel model = random_model(testing::usual_options(architecture));
    model.keys.set(architecture + "." + key, value);
    EXPECT_ERROR(testing::logits_of(model), why);
  };
  expect_refused("llama", "attention.causal", false,
                 "'llama.attention.causal' is false, but 'llama' is not an encoder");
  expect_refused("t5encoder", "attention.relative_buckets_count", std::uint32_t{512}, "expected 4 to 256");
  expect_refused("gemma3n", "embedding_length_per_layer_input", std::uint32_t{0}, "expected 1 to");
  RandomModel shrunk = random_model({.architecture = "mistral3"});
  shrunk.keys.set("mistral3.rope.scaling.factor", 0.02f);
  shrunk.keys.set("mistral3.rope.scaling.yarn_log_multiplier", 10.0f);
  EXPECT_ERROR(testing::logits_of(shrunk), "give a magnitude of 1 over");
  RandomModel model = random_model(testing::usual_options("lfm2"));
  model.keys.set("lfm2.attention.head_count_kv", std::uint32_t{0});
  model.keys.set("lfm2.shortconv.l_cache", std::uint32_t{1});
  EXPECT_ERROR(testing::logits_of(model), "no layer has attention or keeps a state");
}

// For every format with blocks of 32, and of 256 in a wider model, the computation uses the file's weights.
TEST_F(RandomModels, OfEveryFormatComputeWhatTheirNumbersAre) {
  for (const quant::Format& format : quant::formats()) {
    if (!format.has_encoder || format.id == quant::FormatId::kQ8_K) continue;
    SCOPED_TRACE(format.name);
    const int width = std::max<int>(32, static_cast<int>(format.block_values));
    RandomModel model = random_model({.architecture = "llama",
                                      .width = width,
                                      .layers = 1,
                                      .ffn_width = width,
                                      .vocabulary = 8,
                                      .format = format.id,
                                      .has_optional_tensors = false});
    EXPECT_EQ(model.tensor("token_embd.weight").format->id, format.id);
    const std::vector<float> logits = testing::logits_of(model);
    for (testing::StoredTensor& tensor : model.tensors) {
      tensor = testing::stored(tensor.name, tensor.shape, testing::decode(tensor));
    }
    EXPECT_LE(testing::difference_in_spreads(testing::logits_of(model), logits), 1e-6);
  }
}

}  // namespace
}  // namespace rocmforge::engine
