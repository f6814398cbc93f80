// Runs a model on a device, for tests that compare results.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "engine/runner.h"
#include "support/random_model.h"

namespace rocmforge::testing {

// The first device is the one that the others are compared with.
inline constexpr std::array<std::string_view, 2> kDevices = {"ref", "cpu"};

// Exceeds the windows, so that they have an effect, and a block of the cache.
inline constexpr int kPromptTokens = 40;
inline constexpr int kLongestContext = 64;

// Returns meaningless tokens, as many as fit in the context and at most kPromptTokens.
inline std::vector<kv::TokenId> prompt_of(int vocabulary, std::int64_t context, int most = kPromptTokens) {
  std::vector<kv::TokenId> tokens;
  for (int i = 0; i < std::min(most, static_cast<int>(context)); ++i) {
    tokens.push_back((i * 7 + 3) % vocabulary);
  }
  return tokens;
}

// Returns the tokens for a decoder whose encoder reads the prompt: its start token, and some of the prompt.
inline constexpr std::size_t kDecoderTokens = 13;
inline std::vector<kv::TokenId> decoder_tokens_of(const models::DecoderSpec& spec, std::vector<kv::TokenId> prompt) {
  prompt.insert(prompt.begin(), spec.start_token);
  prompt.resize(std::min({prompt.size() - 1, kDecoderTokens}));
  return prompt;
}

// Returns the logits of all positions of the decoder's tokens, which are no more than the source's.
inline std::vector<float> logits_of(engine::Runner& runner, std::span<const kv::TokenId> source,
                                    std::span<const kv::TokenId> tokens) {
  const auto started = runner.start();
  RF_CHECK(started.has_value());
  if (runner.spec().encoder != nullptr) runner.encode(started->id, source);
  const engine::StepItem item{started->id, tokens, engine::Wanted::kAll};
  RF_CHECK(runner.run(std::span(&item, 1)));
  std::vector<float> logits;
  for (int row = 0; row < runner.output_rows(); ++row) {
    logits.insert(logits.end(), runner.output(row).begin(), runner.output(row).end());
  }
  return logits;
}

// Makes a runner with keys and values in F32 and a context of kLongestContext, if the model supports it.
inline engine::Runner runner_of(const gguf::File& file, std::vector<engine::Device> devices) {
  const models::DecoderSpec spec = models::describe(file).spec;
  const auto context = std::min<std::int64_t>(spec.context, kLongestContext);
  const quant::Format* f32 = &quant::format_of(quant::FormatId::kF32);
  const engine::RunnerOptions options{.device = {},
                                      .context = context,
                                      .logit_rows = kPromptTokens,
                                      .key_format = f32,
                                      .value_format = f32,
                                      .on_progress = {}};
  return {file, options, std::move(devices)};
}

// Returns the logits of all positions, or an encoder's hidden states, for a prompt of up to kPromptTokens, computed in
// one step.
inline std::vector<float> logits_of(const gguf::File& file, std::vector<engine::Device> devices,
                                    int most = kPromptTokens) {
  engine::Runner runner = runner_of(file, std::move(devices));
  const auto prompt = prompt_of(runner.spec().vocabulary, runner.memory().context, most);
  if (runner.spec().encoder == nullptr) return logits_of(runner, {}, prompt);
  return logits_of(runner, prompt, decoder_tokens_of(runner.spec(), prompt));
}

inline std::vector<float> logits_of(const gguf::File& file, std::string_view device = kDevices.front()) {
  return logits_of(file, engine::open_devices({.device = std::string(device), .threads = 1}));
}

inline std::vector<float> logits_of(const RandomModel& model, std::string_view device = kDevices.front()) {
  return logits_of(ModelFile(model).file(), device);
}

inline bool all_finite(std::span<const float> values) {
  return std::ranges::all_of(values, [](float value) { return std::isfinite(value); });
}

// Returns the standard deviation of the logits.
inline double spread_of(std::span<const float> values) {
  double sum = 0;
  double squares = 0;
  for (const float value : values) {
    sum += value;
    squares += static_cast<double>(value) * value;
  }
  const auto count = static_cast<double>(values.size());
  return std::sqrt(std::max(0.0, squares / count - (sum / count) * (sum / count)));
}

// Returns the greatest difference in spreads of `expected`. If one has more values, the first ones are compared.
inline double difference_in_spreads(std::span<const float> values, std::span<const float> expected) {
  double greatest = 0;
  for (std::size_t i = 0; i < std::min(values.size(), expected.size()); ++i) {
    greatest = std::max(greatest, std::fabs(static_cast<double>(values[i]) - expected[i]));
  }
  return greatest / spread_of(expected);
}

}  // namespace rocmforge::testing
