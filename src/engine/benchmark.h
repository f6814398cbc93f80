// Measures how fast a model runs, and compares that with the limits of the machine.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "engine/runner.h"
#include "models/work_per_token.h"

namespace rocmforge::engine {

struct BenchmarkOptions {
  int prompt = 512;     // tokens of the prefill measurement; 0: not measured
  int generated = 128;  // tokens of the decode measurement; 0: not measured
  int sequences = 1;    // sequences that run together
  int depth = 0;        // tokens already in the KV cache of every sequence
  int repetitions = 5;
};

// Tokens per second, of all sequences together.
struct Speed {
  double median = 0;
  double least = 0;
  double greatest = 0;
};

enum class Phase { kPrefill, kDecode };

struct Measurement {
  Phase phase = Phase::kPrefill;
  int tokens = 0;  // per sequence
  Speed speed;
  double limit = 0;  // tokens per second that the machine allows; 0: unknown
};

struct BenchmarkResult {
  ops::MachineLimits limits;
  std::vector<Measurement> measurements;
};

// Adjusts `runner` and `options` to what the benchmark needs. An encoder has no decode measurement. In an
// encoder-decoder model the prefill is measured on the encoder and the decode on the decoder.
void prepare(const models::DecoderSpec& spec, BenchmarkOptions& options, RunnerOptions& runner);

// Runs the benchmark, and measures the machine's limits in the same run. on_progress: `done` of `total` measurements.
BenchmarkResult measure(
    Runner& runner, const gguf::File& file, const BenchmarkOptions& options,
    const std::function<void(std::uint64_t done, std::uint64_t total, std::string_view what)>& on_progress);

}  // namespace rocmforge::engine
