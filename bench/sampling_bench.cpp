// Measures sampling steps with vocabularies of real sizes, beside the time to read the logits once.
//
//   floor/max/262144     finds only the largest logit: no sampler can be faster
//   default/262144       a step with the default chain
//
// The logits resemble a model's: normally distributed around 0 with a deviation of 2.5, and a few dozen likely tokens.
// "flat" logits have no likely tokens, so that a nucleus holds most of the vocabulary, which is the worst case for
// top_p.
#include <cmath>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "sample/sampler.h"

namespace rocmforge::sample {
namespace {

constexpr int kVocabularies[] = {32768, 131072, 262144};

// Logits of several steps, used in turn so that the branch predictor cannot learn them.
using Steps = std::vector<std::vector<float>>;

Steps make_steps(int vocabulary, bool flat) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal(0, flat ? 0.5f : 2.5f);
  Steps steps(4, std::vector<float>(static_cast<std::size_t>(vocabulary)));
  for (auto& logits : steps) {
    for (float& logit : logits) logit = normal(random);
    for (int rank = 0; rank < 40 && !flat; ++rank) {
      logits[random() % logits.size()] = 22 - 2.2f * std::log2(static_cast<float>(rank + 1));
    }
  }
  return steps;
}

void read_once(benchmark::State& state, int vocabulary) {
  const Steps steps = make_steps(vocabulary, false);
  std::size_t step = 0;
  for (auto _ : state) {
    const auto& logits = steps[step++ % steps.size()];
    float most[32];
    std::fill(std::begin(most), std::end(most), logits[0]);
    for (std::size_t i = 0; i < logits.size(); i += 32) {
      for (std::size_t lane = 0; lane < 32; ++lane) {
        most[lane] = logits[i + lane] > most[lane] ? logits[i + lane] : most[lane];
      }
    }
    benchmark::DoNotOptimize(*std::max_element(std::begin(most), std::end(most)));
  }
}

void draw(benchmark::State& state, int vocabulary, const Settings& settings, bool flat) {
  const Steps steps = make_steps(vocabulary, flat);
  Sampler sampler(settings, vocabulary);
  std::mt19937 random(2);
  for (int i = 0; i < 4096; ++i) sampler.remember(static_cast<TokenId>(random() % 256));
  std::size_t step = 0;
  for (auto _ : state) benchmark::DoNotOptimize(sampler.draw(steps[step++ % steps.size()]));
}

void find_logprobs(benchmark::State& state, int vocabulary) {
  const Steps steps = make_steps(vocabulary, false);
  std::vector<LikelyToken> likeliest;
  std::size_t step = 0;
  for (auto _ : state) benchmark::DoNotOptimize(logprob_of(steps[step++ % steps.size()], 7, 20, likeliest));
}

Settings chain(std::string_view stages) {
  Settings settings;
  settings.stages = parse_stages(stages);
  return settings;
}

Settings changed(Settings settings, const std::function<void(Settings&)>& change) {
  change(settings);
  return settings;
}

void register_draw(const std::string& name, const Settings& settings, bool flat = false) {
  for (const int vocabulary : kVocabularies) {
    benchmark::RegisterBenchmark((name + "/" + std::to_string(vocabulary)).c_str(), draw, vocabulary, settings, flat)
        ->Unit(benchmark::kMicrosecond);
  }
}

void register_all() {
  for (const int vocabulary : kVocabularies) {
    benchmark::RegisterBenchmark(("floor/max/" + std::to_string(vocabulary)).c_str(), read_once, vocabulary)
        ->Unit(benchmark::kMicrosecond);
  }
  const Settings usual = chain(kDefaultStages);
  register_draw("greedy", changed(usual, [](Settings& s) { s.temperature = 0; }));
  register_draw("default", usual);
  register_draw("top_p", chain("top_p"));
  register_draw("top_p/flat", chain("top_p"), true);
  register_draw("typ_p", changed(chain("typ_p"), [](Settings& s) { s.typical_p = 0.9f; }));
  register_draw("temperature", chain("temperature"));
  register_draw("mirostat_1", changed(usual, [](Settings& s) { s.mirostat = 1; }));
  register_draw("mirostat_2", changed(usual, [](Settings& s) { s.mirostat = 2; }));
  const Settings penalties = changed(usual, [](Settings& s) {
    s.repeat_penalty = 1.1f;
    s.dry_multiplier = 0.8f;
  });
  register_draw("penalties+dry", penalties);
  register_draw("penalties+dry/all",
                changed(penalties, [](Settings& s) { s.penalty_last_n = s.dry_penalty_last_n = -1; }));
  for (const int vocabulary : kVocabularies) {
    benchmark::RegisterBenchmark(("logprob_of/" + std::to_string(vocabulary)).c_str(), find_logprobs, vocabulary)
        ->Unit(benchmark::kMicrosecond);
  }
}

}  // namespace
}  // namespace rocmforge::sample

int main(int argc, char** argv) {
  rocmforge::sample::register_all();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
