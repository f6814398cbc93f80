// How fast a model runs, beside what the machine allows.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "engine/runner.h"
#include "models/work_per_token.h"

namespace rocmforge::engine {

struct BenchmarkOptions {
  int prompt = 512;     // tokens of a prefill; 0: none
  int generated = 128;  // tokens of a decode; 0: none
  int sequences = 1;    // that run together
  int depth = 0;        // tokens that are there before
  int repetitions = 5;
};

// Tokens a second, of all sequences together.
struct Speed {
  double median = 0;
  double least = 0;
  double greatest = 0;
};

enum class Phase { kPrefill, kDecode };

struct Measurement {
  Phase phase = Phase::kPrefill;
  int tokens = 0;  // of one sequence
  Speed speed;
  double limit = 0;  // tokens a second that the machine allows; 0 where that is not known
};

struct BenchmarkResult {
  ops::MachineLimits limits;
  std::vector<Measurement> measurements;
};

// The runner options that a benchmark needs besides the user's. Of an encoder there is nothing to generate; where a
// decoder stands behind one, the prefill is the encoder's and the decode the decoder's.
void prepare(const models::DecoderSpec& spec, BenchmarkOptions& options, RunnerOptions& runner);

// The limits are measured in the same run. on_progress: how many of how many measurements are done.
BenchmarkResult measure(
    Runner& runner, const gguf::File& file, const BenchmarkOptions& options,
    const std::function<void(std::uint64_t done, std::uint64_t total, std::string_view what)>& on_progress);

}  // namespace rocmforge::engine
