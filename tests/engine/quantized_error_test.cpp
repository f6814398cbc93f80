// Tests the error of the CPU's quantized products in a whole model against that of rounding activations to 8 bits
// alone: the reference backend computes with the same weights, with exact and with rounded activations.
#include <gtest/gtest.h>

#include <cmath>

#include "backends/cpu/factory.h"
#include "backends/ref/factory.h"
#include "base/log.h"
#include "engine/model_run.h"
#include "support/model_keys/usual_options.h"

namespace rocmforge::engine {
namespace {

using testing::RandomModelOptions;

// Returns options in which every matrix row holds whole blocks of any format.
RandomModelOptions wide_options(std::string_view architecture, quant::FormatId format) {
  RandomModelOptions options = testing::usual_options(architecture);
  options.layers = std::max(options.layers, 4);
  options.width = 256;
  options.head_size = 64;
  options.ffn_width = 256;
  options.expert_width = 256;
  options.format = format;
  // Uses all experts unless they are in groups: choosing some is a discontinuity that a near tie decides, which says
  // nothing about products.
  if (!testing::has_expert_groups(architecture)) options.experts_used = options.experts;
  return options;
}

double error_of(const std::vector<float>& logits, const std::vector<float>& exact) {
  double squares = 0;
  for (std::size_t i = 0; i < exact.size(); ++i) {
    const double difference = static_cast<double>(logits[i]) - exact[i];
    squares += difference * difference;
  }
  return std::sqrt(squares / static_cast<double>(exact.size())) / testing::spread_of(exact);
}

// The reference takes its time.
constexpr int kFewTokens = 10;

std::vector<float> logits_on(const gguf::File& file, std::unique_ptr<ops::Backend> backend) {
  std::vector<Device> devices;
  devices.push_back({std::move(backend), "a test's", 0});
  return testing::logits_of(file, std::move(devices), kFewTokens);
}

class QuantizedError : public ::testing::TestWithParam<quant::FormatId> {
 protected:
  QuantizedError() { log::set_level(log::Level::kOff); }
  ~QuantizedError() override { log::set_level(log::Level::kInfo); }
};

TEST_P(QuantizedError, OfTheCpuIsThatOfRoundedActivations) {
  for (const models::Architecture& architecture : models::architectures()) {
    const testing::RandomModel model = random_model(wide_options(architecture.name, GetParam()));
    const testing::ModelFile file(model);
    const std::vector<float> exact = logits_on(file.file(), ref::make_backend());
    const double rounded = error_of(logits_on(file.file(), ref::make_backend({.rounds_activations = true})), exact);
    const double own = error_of(logits_on(file.file(), cpu::make_backend({.threads = 1})), exact);
    EXPECT_GT(rounded, 0) << architecture.name;
    EXPECT_LE(own, 1.5 * rounded) << architecture.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, QuantizedError,
                         ::testing::Values(quant::FormatId::kQ4_0, quant::FormatId::kQ8_0, quant::FormatId::kQ4_K,
                                           quant::FormatId::kQ6_K),
                         [](const auto& test) { return std::string(quant::format_of(test.param).name); });

}  // namespace
}  // namespace rocmforge::engine
