// Tests that models of any sizes load and compute, and that absurd sizes are refused before memory is allocated for
// them.
#include <gtest/gtest.h>
#include <optional>

#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "base/log.h"
#include "engine/model_run.h"
#include "support/expect_error.h"
#include "support/model_forms.h"

namespace rocmforge::engine {
namespace {

using testing::random_model;
using testing::RandomModel;
using testing::RandomModelOptions;

// Returns sizes that are consistent in every architecture: half a head is rotated in pairs, and a head divides the
// width.
RandomModelOptions any_sizes() {
  RandomModelOptions options;
  const auto architectures = models::architectures();
  options.architecture = architectures[*rc::gen::inRange<std::size_t>(0, architectures.size())].name;
  options.head_size = 4 * *rc::gen::inRange(1, 6);
  options.width = options.head_size * *rc::gen::inRange(1, 6);
  options.layers = *rc::gen::inRange(2, 5);
  options.kv_heads = *rc::gen::inRange(1, 4);
  options.heads = options.kv_heads * *rc::gen::inRange(1, 4);
  options.ffn_width = *rc::gen::inRange(10, 100);
  options.experts = 4 * *rc::gen::inRange(1, 4);
  options.experts_used = *rc::gen::inRange(1, options.experts / 2 + 1);
  options.expert_width = *rc::gen::inRange(1, 50);
  options.vocabulary = *rc::gen::inRange(2, 100);
  options.context = *rc::gen::inRange(40, 100);
  options.window = *rc::gen::inRange(1, 60);
  options.format = *rc::gen::element(quant::FormatId::kF32, quant::FormatId::kF16, quant::FormatId::kBF16);
  options.has_experts = *rc::gen::arbitrary<bool>();
  options.has_own_output = *rc::gen::arbitrary<bool>();
  options.has_optional_tensors = *rc::gen::arbitrary<bool>();
  return options;
}

// Returns a model, or nothing if the architecture refuses the sizes because they do not divide or are too small.
std::optional<RandomModel> any_model() {
  try {
    return random_model(any_sizes());
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kMalformed) << error.message();
    return std::nullopt;
  }
}

RC_GTEST_PROP(ModelSizes, OfAnyKindComputeAlikeInEveryFormAndOnEveryDevice, ()) {
  log::set_level(log::Level::kError);
  const std::optional<RandomModel> made = any_model();
  RC_PRE(made.has_value());
  RandomModel model = *made;
  const std::vector<float> expected = testing::logits_of(model);
  RC_ASSERT(testing::all_finite(expected));
  for (const std::string_view device : testing::kDevices) {
    RC_ASSERT(testing::difference_in_spreads(testing::logits_of(model, device), expected) <= 1e-3);
  }
  testing::fuse_query_key_value(model);
  RC_ASSERT(testing::logits_of(model) == expected);
}

RunnerOptions on_reference() {
  RunnerOptions options;
  options.device.device = testing::kDevices.front();
  return options;
}

// By default a runner uses the trained context length, which must not be arbitrarily large.
TEST(ModelSizes, NoModelWasTrainedForABillionPositions) {
  for (const models::Architecture& architecture : models::architectures()) {
    const std::string name(architecture.name);
    RandomModel model = random_model({.architecture = name});
    model.keys.set(name + ".context_length", std::uint32_t{1} << 30);
    const testing::ModelFile file(model);
    EXPECT_ERROR(Runner(file.file(), on_reference()), "context_length' is 1073741824");
  }
}

// A contradiction with the tensors is reported as such, not as a lack of memory.
TEST(ModelSizes, ThatTheTensorsContradictAreNotPlannedFor) {
  RandomModel model = random_model({.architecture = "llama"});
  model.keys.set("llama.attention.key_length", std::uint32_t{1} << 14);
  model.keys.set("llama.attention.value_length", std::uint32_t{1} << 14);
  model.keys.set("llama.rope.dimension_count", std::uint32_t{1} << 14);
  model.keys.set("llama.attention.head_count", std::uint32_t{1} << 14);
  model.keys.set("llama.feed_forward_length", std::uint32_t{1} << 20);
  const testing::ModelFile file(model);
  RunnerOptions options = on_reference();
  options.step_tokens = 1 << 20;
  EXPECT_ERROR(Runner(file.file(), options), "tensor 'blk.0.attn_q.weight'");
}

// The router ranks all experts, even if the rest of the model is narrow.
TEST(ModelSizes, MoreExpertsThanColumns) {
  RandomModelOptions options;
  options.architecture = "qwen3moe";
  options.experts = 2048;
  options.expert_width = 8;
  const RandomModel model = random_model(options);
  const std::vector<float> expected = testing::logits_of(model);
  EXPECT_LE(testing::difference_in_spreads(testing::logits_of(model, "cpu"), expected), 1e-3);
}

TEST(ModelSizes, NoModelHasHundredsOfGroupsOfExperts) {
  RandomModelOptions options;
  options.architecture = "deepseek2";
  options.experts = 128;
  RandomModel model = random_model(options);
  model.keys.set("deepseek2.expert_group_count", std::uint32_t{128});
  const testing::ModelFile file(model);
  EXPECT_ERROR(Runner(file.file(), on_reference()), "expert_group_count' is 128, expected 0 to 64");
}

}  // namespace
}  // namespace rocmforge::engine
