// Tests rotary frequencies for each kind of scaling. A wrong frequency has an effect only far into a text, where nobody
// looks.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "models/rope.h"
#include "support/expect_error.h"
#include "support/random_model.h"

namespace rocmforge::models {
namespace {

using testing::ModelFile;
using testing::RandomModel;

RandomModel empty_model() {
  RandomModel model;
  model.keys.set("general.architecture", std::string("llama"));
  return model;
}

std::vector<float> frequencies(const RopeSpec& rope, const RandomModel& model, std::int64_t context = 100) {
  const ModelFile file(model);
  return rope_frequencies(rope, file.file(), context);
}

constexpr RopeSpec kPlain = {.dimensions = 8, .base = 10000};

TEST(Rope, FallsByPowersOfTheBase) {
  const auto plain = frequencies(kPlain, empty_model());
  const std::vector<float> expected = {1, 0.1f, 0.01f, 0.001f};
  ASSERT_EQ(plain.size(), expected.size());
  for (std::size_t p = 0; p < plain.size(); ++p) EXPECT_NEAR(plain[p], expected[p], 1e-6f * expected[p]);
}

TEST(Rope, LinearScalingStretchesAllAlike) {
  RopeSpec linear = kPlain;
  linear.scaling = RopeScaling::kLinear;
  linear.factor = 4;
  const auto scaled = frequencies(linear, empty_model());
  const auto plain = frequencies(kPlain, empty_model());
  for (std::size_t p = 0; p < plain.size(); ++p) EXPECT_FLOAT_EQ(scaled[p], plain[p] / 4);
}

// Fast pairs are unchanged, slow ones are stretched, and between them there is a ramp.
TEST(Rope, YarnStretchesSlowPairsOnly) {
  RopeSpec yarn = {.dimensions = 64, .base = 10000};
  const auto plain = frequencies(yarn, empty_model());
  yarn.scaling = RopeScaling::kYarn;
  yarn.factor = 8;
  yarn.original_context = 4096;
  const auto scaled = frequencies(yarn, empty_model());
  // Pair p turns 4096 * frequency / 2π times within the original length: 32 times at pair 10.44, once at pair 22.5.
  EXPECT_FLOAT_EQ(scaled[10], plain[10]);
  EXPECT_FLOAT_EQ(scaled[23], plain[23] / 8);
  for (std::size_t p = 11; p < 23; ++p) {
    EXPECT_LT(scaled[p], plain[p]);
    EXPECT_GT(scaled[p], plain[p] / 8);
  }
  const double middle = 1 - (16 - 10) / 13.0;  // the ramp is rounded to whole pairs: 10 to 23
  EXPECT_NEAR(scaled[16], plain[16] * (middle + (1 - middle) / 8), 1e-6 * plain[16]);
}

TEST(Rope, LongContextsHaveDivisorsOfTheirOwn) {
  RandomModel model = empty_model();
  model.tensors.push_back(testing::stored("rope_factors_short.weight", {4}, std::vector<float>{1, 2, 1, 1}));
  model.tensors.push_back(testing::stored("rope_factors_long.weight", {4}, std::vector<float>{1, 5, 1, 1}));
  RopeSpec rope = kPlain;
  rope.original_context = 64;
  EXPECT_FLOAT_EQ(frequencies(rope, model, 64)[1], 0.1f / 2);
  EXPECT_FLOAT_EQ(frequencies(rope, model, 65)[1], 0.1f / 5);
  rope.has_divisors = false;
  EXPECT_FLOAT_EQ(frequencies(rope, model, 65)[1], 0.1f) << "a windowed layer of Gemma 3 has none";

  model.tensors.push_back(testing::stored("rope_freqs.weight", {4}, std::vector<float>{1, 3, 1, 1}));
  rope.has_divisors = true;
  EXPECT_FLOAT_EQ(frequencies(rope, model, 65)[1], 0.1f / 3) << "rope_freqs comes first";
}

TEST(Rope, RefusesDivisorsThatMakeNoSense) {
  RandomModel model = empty_model();
  model.tensors.push_back(testing::stored("rope_freqs.weight", {4}, std::vector<float>{1, 0, 1, 1}));
  EXPECT_ERROR(frequencies(kPlain, model), "tensor 'rope_freqs.weight' holds 0, expected numbers above 0");
  model.tensors[0] = testing::stored("rope_freqs.weight", {3}, std::vector<float>{1, 1, 1});
  EXPECT_ERROR(frequencies(kPlain, model), "tensor 'rope_freqs.weight' is [3], expected [4]");
}

}  // namespace
}  // namespace rocmforge::models
