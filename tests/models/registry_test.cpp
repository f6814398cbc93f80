// Somebody with a model that we cannot run must learn that it is the model, and what we can run.
#include <gtest/gtest.h>

#include <algorithm>

#include "models/registry.h"
#include "support/expect_error.h"
#include "support/random_model.h"

namespace rocmforge::models {
namespace {

Description describe_as(const std::string& architecture) {
  testing::RandomModel model = testing::random_model({});
  model.keys.set("general.architecture", architecture);
  return describe(testing::ModelFile(model).file());
}

TEST(Registry, NamesAnUnknownArchitectureAndTheNearest) {
  EXPECT_ERROR(describe_as("qwen33"), "random.gguf: architecture 'qwen33' is not one that this version can run");
  EXPECT_ERROR(describe_as("qwen33"), "did you mean 'qwen3'? known are bert, deepseek2");
  EXPECT_ERROR(describe_as("zzzzzz"), "known are bert, deepseek2");
  EXPECT_ERROR(describe_as(std::string("a\x1b[31m\nb")), "'a\\x1b[31m\\nb'");
}

TEST(Registry, IsInOrderAndHasTitles) {
  EXPECT_TRUE(std::ranges::is_sorted(architectures(), {}, &Architecture::name));
  for (const Architecture& architecture : architectures()) EXPECT_FALSE(architecture.title.empty());
}

}  // namespace
}  // namespace rocmforge::models
