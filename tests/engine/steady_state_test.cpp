// Tests that a step does not allocate. An allocation can fail, lock, or take a millisecond just when a user waits for a
// token, and unplanned memory makes a server die in the middle of a request.
#include <gtest/gtest.h>

#include <vector>

#include "support/allocation_count.h"
#include "support/logits.h"
#include "support/random_model.h"

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

}  // namespace
}  // namespace rocmforge::engine
