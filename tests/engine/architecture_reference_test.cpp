// Compares tiny models of public architectures with the logits of their own reference implementations.
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/npy.h"
#include "models/registry.h"
#include "support/logits.h"
#include "support/reference_data.h"

namespace rocmforge::engine {
namespace {

using testing::Answer32;
using testing::TestDevice;

struct Fixture {
  std::string name;
  float tolerance = 1e-3f;
  float fragility = 1;  // how much rounding all weights to bfloat16 changes the reference, in spreads, but at least 1
  std::filesystem::path folder;

  std::vector<kv::TokenId> tokens() const {
    return nlohmann::json::parse(std::ifstream(folder / "tokens.json"))["tokens"].get<std::vector<kv::TokenId>>();
  }
  Answer32 expected() const {
    NpyArray array = read_npy((folder / "logits.npy").string());
    return {std::move(array.values), static_cast<int>(array.shape.back())};
  }
  gguf::File model() const { return gguf::File::open((folder / "model.gguf").string()); }
};

// Returns the fixtures of the supported architectures.
std::vector<Fixture> fixtures() {
  const std::filesystem::path folder = testing::conformance_folder() / "arch";
  std::vector<Fixture> fixtures;
  std::ifstream index(folder / "index.json");
  if (!index) return fixtures;
  const nlohmann::json list = nlohmann::json::parse(index);
  for (const auto& entry : list["fixtures"]) {
    if (models::find_architecture(entry["gguf_arch"].get<std::string>()) == nullptr) continue;
    const auto name = entry["name"].get<std::string>();
    const float moved = entry["bf16_weights_max_abs_diff"].get<float>() / entry["std_logit"].get<float>();
    fixtures.push_back({name, entry.value("tolerance", 1e-3f), std::max(1.0f, moved), folder / name});
  }
  return fixtures;
}

class ArchitectureReference : public ::testing::Test {
 protected:
  void SetUp() override {
    fixtures_ = fixtures();
    if (fixtures_.empty()) GTEST_SKIP() << "no reference data in " << testing::conformance_folder();
  }

  static Answer32 run(const Fixture& fixture, const TestDevice& device, std::size_t at_a_time,
                      quant::FormatId cache = quant::FormatId::kF32) {
    const gguf::File file = fixture.model();
    const std::vector<kv::TokenId> tokens = fixture.tokens();
    Runner runner(file, testing::options_for(device.options, tokens.size(), cache));
    return testing::answer_of(runner, tokens, at_a_time == 0 ? tokens.size() : at_a_time);
  }

  std::vector<Fixture> fixtures_;
};

TEST_F(ArchitectureReference, LogitsAreTheReferencesOnEveryDevice) {
  for (const Fixture& fixture : fixtures_) {
    const Answer32 expected = fixture.expected();
    for (const TestDevice& device : testing::all_devices()) {
      EXPECT_LE(distance(run(fixture, device, 0), expected), fixture.tolerance) << fixture.name << " " << device.name;
      EXPECT_LE(distance(run(fixture, device, 1), expected), fixture.tolerance)
          << fixture.name << " " << device.name << " token by token";
    }
  }
}

// A half has 11 bits; rounding keys and values to it must not visibly change the output.
TEST_F(ArchitectureReference, HalfPrecisionCacheChangesNextToNothing) {
  for (const Fixture& fixture : fixtures_) {
    for (const TestDevice& device : testing::all_devices()) {
      if (fixture.tolerance > 1e-3f && device.name != "ref")
        continue;  // activations are rounded there, which has a greater effect
      const Answer32 exact = run(fixture, device, 0);
      EXPECT_LE(distance(run(fixture, device, 0, quant::FormatId::kF16), exact), 2e-3f * fixture.fragility)
          << fixture.name << " " << device.name;
    }
  }
}

}  // namespace
}  // namespace rocmforge::engine
