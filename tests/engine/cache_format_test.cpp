// Tests that keys and values in fewer bits change an answer only within bounds, and that heads of any size can be kept
// in any format.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "support/logits.h"
#include "support/random_model.h"

namespace rocmforge::engine {
namespace {

using testing::Answer32;
using testing::ModelFile;
using testing::RandomModelOptions;

std::vector<kv::TokenId> some_tokens(int vocabulary) {
  std::mt19937 generator(3);
  std::uniform_int_distribution<kv::TokenId> any(0, vocabulary - 1);
  std::vector<kv::TokenId> tokens(50);
  for (kv::TokenId& token : tokens) token = any(generator);
  return tokens;
}

// Returns models with head sizes that are multiples of 32, and two that are not.
std::vector<RandomModelOptions> models_of_all_head_sizes() {
  std::vector<RandomModelOptions> list;
  for (const int head_size : {64, 96, 128, 80, 24}) {
    RandomModelOptions options;
    options.architecture = "qwen3";
    options.width = 64;
    options.head_size = head_size;
    list.push_back(options);
  }
  return list;
}

Answer32 run(const gguf::File& file, const testing::TestDevice& device, quant::FormatId keys, quant::FormatId values,
             const std::vector<kv::TokenId>& tokens) {
  RunnerOptions options = testing::options_for(device.options, tokens.size());
  options.key_format = &quant::format_of(keys);
  options.value_format = &quant::format_of(values);
  Runner runner(file, options);
  return testing::answer_of(runner, tokens, tokens.size());
}

void check(const gguf::File& file, const std::string& what, int vocabulary) {
  using enum quant::FormatId;
  const auto tokens = some_tokens(vocabulary);
  for (const testing::TestDevice& device : testing::all_devices()) {
    const Answer32 exact = run(file, device, kF32, kF32, tokens);
    const auto distance_in = [&](quant::FormatId keys, quant::FormatId values) {
      return distance(run(file, device, keys, values, tokens), exact);
    };
    EXPECT_LE(distance_in(kF16, kF16), 2e-3f) << what << " on " << device.name;
    // 8 bits of mantissa against 11: eight times as much.
    EXPECT_LE(distance_in(kBF16, kBF16), 16e-3f) << what << " on " << device.name;
    EXPECT_LE(distance_in(kQ8_0, kQ8_0), 1e-2f) << what << " on " << device.name;
    // The steps are sixteen times as wide, and the effect is no longer linear: twice that.
    EXPECT_LE(distance_in(kQ4_0, kQ4_0), 32e-2f) << what << " on " << device.name;
    EXPECT_LE(distance_in(kQ8_0, kF16), 1e-2f) << what << " on " << device.name;
    EXPECT_GT(distance_in(kQ4_0, kF32), 0) << what << " on " << device.name << ": nothing was rounded";
  }
}

TEST(CacheFormat, HeadsOfAnySize) {
  for (const RandomModelOptions& options : models_of_all_head_sizes()) {
    const ModelFile model(testing::random_model(options));
    check(model.file(), "heads of " + std::to_string(options.head_size), options.vocabulary);
  }
}

// DeepSeek's sizes: a latent vector of 512 values, and 64 with positions.
TEST(CacheFormat, LatentKeysAndValues) {
  RandomModelOptions options;
  options.architecture = "deepseek2";
  options.width = 1024;
  options.head_size = 64;
  options.layers = 1;  // the dense layer; near a tie, any rounding changes the choice of experts
  // Three random matrices in a row make attention's logits ten times those of a trained model, and so the effect of
  // rounding.
  testing::RandomModel random = testing::random_model(options);
  for (testing::StoredTensor& tensor : random.tensors) {
    if (!tensor.name.ends_with("attn_q_b.weight")) continue;
    std::vector<float> values = testing::decode(tensor);
    for (float& value : values) value /= 8;
    tensor = testing::stored(tensor.name, tensor.shape, values);
  }
  const ModelFile model(random);
  const auto spec = models::describe(model.file()).spec;
  const auto& latent = std::get<models::LatentAttentionSpec>(spec.layers.front().mixer);
  ASSERT_EQ(latent.kv_rank, 512);
  ASSERT_EQ(latent.rope_size, 64);
  check(model.file(), "a latent vector", options.vocabulary);
}

}  // namespace
}  // namespace rocmforge::engine
