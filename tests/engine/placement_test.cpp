// Tests the placement of layers on devices: it must be reported, and must not change the model's output.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "backends/cpu/factory.h"
#include "backends/ref/factory.h"
#include "support/expect_error.h"
#include "support/logits.h"
#include "support/model_keys/usual_options.h"
#include "support/random_model.h"

namespace rocmforge::engine {
namespace {

using testing::ModelFile;
using testing::RandomModelOptions;

const std::vector<kv::TokenId> kPlacedTokens = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2, 3, 8, 4};

RandomModelOptions four_layers(std::string_view architecture) {
  RandomModelOptions options;
  options.architecture = architecture;
  options.layers = 4;
  return options;
}

// Returns devices in which ref has little memory, so that the rest spills over to the CPU.
std::vector<Device> spilling_devices(std::uint64_t budget) {
  std::vector<Device> devices;
  devices.push_back({ref::make_backend(), "preferred", budget});
  devices.push_back({cpu::make_backend({.threads = 2}), "the rest", 0});
  return devices;
}

// Returns enough layers that some remain on the device even though the last ones share the keys of others and must stay
// with them.
RandomModelOptions eight_layers(std::string_view architecture) {
  RandomModelOptions options = testing::usual_options(architecture);
  options.layers = 8;
  return options;
}

TEST(Placement, LayersOnTwoBackendsGiveTheSameAnswer) {
  for (const models::Architecture& architecture : models::architectures()) {
    const ModelFile model(testing::random_model(eight_layers(architecture.name)));
    std::uint64_t bytes = 0;
    for (const gguf::Tensor& tensor : model.file().tensors()) bytes += tensor.bytes.size();

    const RunnerOptions options = testing::options_for({.device = "ref"}, kPlacedTokens.size());
    Runner whole(model.file(), options);
    // An encoder is placed first, and the decoder must be split too.
    const bool has_encoder = whole.spec().encoder != nullptr;
    Runner split(model.file(), options, spilling_devices(has_encoder ? bytes / 4 * 3 : bytes * 3 / 5));
    ASSERT_EQ(split.plan().placements.size(), 2u) << architecture.name;
    const auto expected = testing::answer_of(whole, kPlacedTokens, kPlacedTokens.size());
    EXPECT_LE(distance(testing::answer_of(split, kPlacedTokens, kPlacedTokens.size()), expected), 1e-4f)
        << architecture.name;
    EXPECT_LE(distance(testing::answer_of(split, kPlacedTokens, 1), expected), 1e-4f) << architecture.name;
  }
}

TEST(Placement, LayersStayWithThoseWhoseKeysTheyUse) {
  const ModelFile model(testing::random_model(eight_layers("gemma3n")));
  const RunnerOptions options = testing::options_for({.device = "ref"}, kPlacedTokens.size());
  std::uint64_t bytes = 0;
  for (const gguf::Tensor& tensor : model.file().tensors()) bytes += tensor.bytes.size();
  // Almost all of the last layer fits, but the last two use the keys of the fifth and sixth.
  const Runner runner(model.file(), options, spilling_devices(bytes - 1000));
  ASSERT_EQ(runner.plan().placements.size(), 2u);
  EXPECT_EQ(runner.plan().placements[1].first_layer, 4);
}

TEST(Placement, SaysWhatRunsWhereAndWhy) {
  const ModelFile model(testing::random_model(four_layers("llama")));
  const RunnerOptions options = testing::options_for({.device = "ref"}, kPlacedTokens.size());
  const auto explain = [&](std::uint64_t budget) {
    return Runner(model.file(), options, spilling_devices(budget)).plan().explain();
  };
  const auto fits = explain(std::uint64_t{1} << 30);
  ASSERT_EQ(fits.size(), 1u);
  EXPECT_THAT(fits[0], ::testing::StartsWith("layers 0-3 and output: ref ("));
  EXPECT_THAT(fits[0], ::testing::EndsWith(": preferred"));

  const auto spills = explain(60'000);
  ASSERT_EQ(spills.size(), 2u);
  EXPECT_THAT(spills[0], ::testing::StartsWith("layer 0: ref ("));
  EXPECT_THAT(spills[1], ::testing::HasSubstr("and output: cpu ("));
  EXPECT_THAT(spills[1], ::testing::EndsWith("the rest; ref has room for 58.6 KiB of weights only"));

  const auto nothing_fits = explain(1);
  ASSERT_EQ(nothing_fits.size(), 1u);
  EXPECT_THAT(nothing_fits[0], ::testing::StartsWith("layers 0-3 and output: cpu ("));
}

// A user who asks for a GPU must never silently get the CPU.
TEST(Placement, AskingForAGpuNeverEndsOnTheProcessor) {
  for (const char* device : {"gpu", "gpu:1", "emu"}) {
    EXPECT_ERROR(open_devices({.device = device}), "no GPU backend");
  }
  for (const char* device : {"", "gpu:", "gpu:x", "cuda", "CPU"}) {
    EXPECT_ERROR(open_devices({.device = device}), "expected auto, cpu, ref, gpu or gpu:N");
  }
  EXPECT_EQ(open_devices({.device = "auto"}).front().backend->name(), "cpu");
}

}  // namespace
}  // namespace rocmforge::engine
