// Computes a model's outputs for given tokens, and the distance between two outputs.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "engine/runner.h"

namespace rocmforge::testing {

// A backend and its name in test output.
struct TestDevice {
  std::string name;
  engine::DeviceOptions options;
};

// Returns ref, and the CPU backend on every tier of this machine.
inline std::vector<TestDevice> all_devices() {
  std::vector<TestDevice> devices = {{"ref", {.device = "ref"}}};
  for (const CpuTier tier : kCpuTiers) {
    if (tier > best_cpu_tier()) break;
    devices.push_back({"cpu_" + std::string(name_of(tier)), {.device = "cpu", .threads = 2, .tier = tier}});
  }
  return devices;
}

struct Answer32 {
  std::vector<float> values;  // [tokens, columns]
  int columns = 0;

  float spread() const {
    const auto [least, greatest] = std::ranges::minmax(values);
    return greatest - least;
  }
};

// Returns the greatest difference as a share of the spread of `expected`; infinite if a value is not a number.
inline float distance(const Answer32& found, const Answer32& expected) {
  if (found.values.size() != expected.values.size()) return std::numeric_limits<float>::infinity();
  float greatest = 0;
  for (std::size_t i = 0; i < found.values.size(); ++i) {
    const float difference = std::abs(found.values[i] - expected.values[i]);
    greatest = std::isnan(difference) ? std::numeric_limits<float>::infinity() : std::max(greatest, difference);
  }
  return greatest / expected.spread();
}

inline engine::RunnerOptions options_for(const engine::DeviceOptions& device, std::size_t tokens,
                                         quant::FormatId cache = quant::FormatId::kF32) {
  engine::RunnerOptions options;
  options.device = device;
  options.context = static_cast<std::int64_t>(tokens);
  options.step_tokens = static_cast<int>(tokens);
  options.logit_rows = static_cast<int>(tokens);
  options.key_format = options.value_format = &quant::format_of(cache);
  return options;
}

// Starts a new sequence. If the model has an encoder, it reads `source`.
inline kv::SequenceId start_after(engine::Runner& runner, std::span<const kv::TokenId> source) {
  const auto started = runner.start();
  RF_CHECK(started.has_value());
  if (runner.spec().encoder != nullptr) runner.encode(started->id, source);
  return started->id;
}

// Appends the outputs for these tokens to the answer, processing `at_a_time` tokens per step.
inline void continue_answer(engine::Runner& runner, kv::SequenceId sequence, std::span<const kv::TokenId> tokens,
                            std::size_t at_a_time, Answer32& answer) {
  answer.columns = runner.output_columns();
  for (std::size_t done = 0; done < tokens.size(); done += at_a_time) {
    const auto part = tokens.subspan(done, std::min(at_a_time, tokens.size() - done));
    const engine::StepItem item{sequence, part, engine::Wanted::kAll};
    RF_CHECK(runner.run({&item, 1}));
    for (int row = 0; row < runner.output_rows(); ++row) {
      const auto values = runner.output(row);
      answer.values.insert(answer.values.end(), values.begin(), values.end());
    }
  }
}

// Returns the outputs of a new sequence, processed in steps of `at_a_time` tokens. An encoder reads the same tokens.
inline Answer32 answer_of(engine::Runner& runner, std::span<const kv::TokenId> tokens, std::size_t at_a_time) {
  const kv::SequenceId sequence = start_after(runner, tokens);
  Answer32 answer;
  continue_answer(runner, sequence, tokens, runner.spec().is_encoder() ? tokens.size() : at_a_time, answer);
  runner.finish(sequence);
  return answer;
}

}  // namespace rocmforge::testing
