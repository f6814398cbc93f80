// Tests that a step does not allocate. An allocation can fail, lock, or take a millisecond just when a user waits for a
// token, and unplanned memory makes a server die in the middle of a request.
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "rocmforge/rocmforge.h"
#include "support/allocation_count.h"
#include "support/chat_model.h"
#include "support/logits.h"
#include "support/random_model.h"
#include "support/temp_folder.h"

namespace rocmforge::engine {
namespace {

using testing::ModelFile;
using testing::RandomModelOptions;

// Returns all devices except the reference, which may allocate.
std::vector<testing::TestDevice> fast_devices() {
  std::vector<testing::TestDevice> devices = testing::all_devices();
  std::erase_if(devices, [](const testing::TestDevice& device) { return device.name == "ref"; });
  return devices;
}

void generate(Runner& runner, kv::SequenceId id, int tokens) {
  for (kv::TokenId token = 0; token < tokens; ++token) {
    const StepItem item{id, {&token, 1}, Wanted::kLast};
    ASSERT_TRUE(runner.run({&item, 1}));
  }
}

TEST(SteadyState, StepsAllocateNothing) {
  for (const models::Architecture& architecture : models::architectures()) {
    if (architecture.name == "bert") continue;  // has no steps
    RandomModelOptions options;
    options.architecture = architecture.name;
    options.format = quant::FormatId::kQ4_0;
    const ModelFile model(testing::random_model(options));
    for (const testing::TestDevice& device : fast_devices()) {
      RunnerOptions runner_options;
      runner_options.device = device.options;
      runner_options.context = 64;
      runner_options.sequences = 2;
      Runner runner(model.file(), runner_options);
      const std::vector<kv::TokenId> prompt(20, 3);
      const auto start = [&] {
        const auto started = runner.start(prompt);
        if (runner.spec().encoder != nullptr) runner.encode(started->id, prompt);
        return started->id;
      };
      const StepItem first{start(), prompt, Wanted::kLast};
      ASSERT_TRUE(runner.run({&first, 1}));

      const long before = testing::allocations;
      generate(runner, first.sequence, 30);
      // A second request starts and ends.
      const StepItem second{start(), prompt, Wanted::kLast};
      ASSERT_TRUE(runner.run({&second, 1}));
      runner.finish(second.sequence);
      EXPECT_EQ(testing::allocations - before, 0) << architecture.name << " on " << device.name;
    }
  }
}

// Whichever allocation of the engine's thread fails: every client hears of it, and the next request is answered.
TEST(SteadyState, EveryRequestEndsWhenMemoryRunsOut) {
  const testing::TempFolder folder;
  const std::string path = testing::chat_model(folder / "model.gguf", {.script = {"one", " two", " three"}});
  LoadOptions load;
  load.threads = 1;
  load.context = 64;
  load.sequences = 2;
  Model model = Model::load(path, load);
  testing::is_spared_failure = true;
  const auto ask = [&](int top_logprobs) {
    testing::is_spared_failure = true;
    GenerationOptions options;
    options.max_tokens = 4;
    options.top_logprobs = top_logprobs;
    options.sampling.repeat_penalty = 1.1f;
    options.sampling.seed = 1;
    try {
      return static_cast<int>(model.generate("some words", options).tokens.size());
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kOutOfMemory) << error.message();
      return -1;
    }
  };
  int failed = 0;
  bool all_tried = false;
  for (long allocation = 1; !all_tried && allocation < 2000; ++allocation) {
    testing::allocations_until_failure = allocation;
    int first = 0;
    std::thread other([&] { first = ask(3); });
    const int second = ask(-1);
    other.join();
    all_tried = testing::allocations_until_failure.exchange(-1) > 0;
    failed += first < 0 || second < 0 ? 1 : 0;
    ASSERT_GE(ask(0), 0) << "after allocation " << allocation;
  }
  EXPECT_TRUE(all_tried);
  EXPECT_GT(failed, 0);
}

}  // namespace
}  // namespace rocmforge::engine
