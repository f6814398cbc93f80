// Measures tokenizing on one core, beside a plain pass over the same bytes, with the vocabularies of the reference
// data.
//
//   pass/prose              adds up every byte
//   split/prose/by_hand     only cuts into words, with the hand-written scanners
//   split/prose/by_pattern  the same with the pattern engine, for comparison
//   encode/prose/cold       with an empty cache of words
//   encode/prose/warm       with the cache filled by earlier texts
//   encode/headers/…        the same with C headers
//   load/qwen2              loads a vocabulary of 151,936 entries from an open file
//
// `hits` is the share of words found in the cache. Prose comes from the file that ROCMFORGE_PROSE names (bench/prose.py
// makes it; `make bench` does so), headers from /usr/include.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "base/utf8.h"
#include "gguf/reader.h"
#include "text/pretokenizers.h"
#include "text/splitter.h"
#include "text/tokenizer.h"

namespace rocmforge {
namespace {

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string prose() {
  const char* told = std::getenv("ROCMFORGE_PROSE");
  return told == nullptr ? std::string() : replace_invalid_utf8(read_file(told));
}

std::string headers() {
  constexpr std::size_t kMost = 32 << 20;
  std::vector<std::filesystem::path> paths;
  const auto options = std::filesystem::directory_options::skip_permission_denied;
  for (const auto& entry : std::filesystem::recursive_directory_iterator("/usr/include", options)) {
    if (entry.is_regular_file()) paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  std::string text;
  for (const auto& path : paths) {
    if (text.size() >= kMost) break;
    text += read_file(path);
  }
  return replace_invalid_utf8(text);
}

std::filesystem::path vocabulary(std::string_view name) {
  const char* told = std::getenv("ROCMFORGE_CONFORMANCE");
  const std::filesystem::path folder = told != nullptr ? told : "../shared/conformance";
  return folder / "tokenizer/vocab" / ("ggml-vocab-" + std::string(name) + ".gguf");
}

text::Tokenizer load(std::string_view name) {
  return text::Tokenizer(gguf::File::open(vocabulary(name).string()).metadata());
}

void count_bytes(benchmark::State& state, const std::string& text) {
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(text.size()));
}

void pass(benchmark::State& state, const std::string& text) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(std::accumulate(text.begin(), text.end(), 0u,
                                             [](unsigned sum, char c) { return sum + static_cast<unsigned char>(c); }));
  }
  count_bytes(state, text);
}

void split(benchmark::State& state, const std::string& text, bool by_hand) {
  text::SplitStep step = text::find_pre_tokenizer("llama-bpe")->split->steps.front();
  if (!by_hand) step.scan = nullptr;
  const text::Splitter splitter(text::SplitKind{{&step, 1}});
  text::MatchSpace space;
  for (auto _ : state) {
    std::size_t pieces = 0;
    splitter.split(text, space, [&](std::string_view) { ++pieces; });
    benchmark::DoNotOptimize(pieces);
  }
  count_bytes(state, text);
}

void encode(benchmark::State& state, const std::string& text, bool warm) {
  auto tokenizer = std::make_unique<text::Tokenizer>(load("llama-3"));
  std::size_t tokens = 0;
  text::Tokenizer::CacheUse use, before;
  for (auto _ : state) {
    if (!warm) {
      state.PauseTiming();
      tokenizer = std::make_unique<text::Tokenizer>(load("llama-3"));
      state.ResumeTiming();
    }
    before = tokenizer->cache_use();
    tokens = tokenizer->encode(text).size();
    use = tokenizer->cache_use();
  }
  count_bytes(state, text);
  state.counters["hits"] =
      static_cast<double>(use.found - before.found) / static_cast<double>(use.words - before.words);
  state.counters["bytes/token"] = static_cast<double>(text.size()) / static_cast<double>(tokens);
}

void load_vocabulary(benchmark::State& state) {
  const gguf::File file = gguf::File::open(vocabulary("qwen2").string());
  for (auto _ : state) benchmark::DoNotOptimize(text::Tokenizer(file.metadata()).vocabulary().size());
}

void best_of_three(benchmark::internal::Benchmark* benchmark) {
  benchmark->Unit(benchmark::kMillisecond)
      ->Repetitions(3)
      ->ReportAggregatesOnly(true)
      ->ComputeStatistics(
          "best", [](const std::vector<double>& times) { return *std::min_element(times.begin(), times.end()); });
}

void register_text(const std::string& name, const std::string& text) {
  if (text.empty()) {
    benchmark::RegisterBenchmark(("encode/" + name).c_str(), [](benchmark::State& state) {
      state.SkipWithError("no text: ROCMFORGE_PROSE names no file, or /usr/include is empty");
    });
    return;
  }
  const auto add = [&](const std::string& what, auto run) {
    best_of_three(benchmark::RegisterBenchmark(what.c_str(), run));
  };
  add("pass/" + name, [&text](benchmark::State& state) { pass(state, text); });
  add("split/" + name + "/by_hand", [&text](benchmark::State& state) { split(state, text, true); });
  add("split/" + name + "/by_pattern", [&text](benchmark::State& state) { split(state, text, false); });
  if (!std::filesystem::exists(vocabulary("llama-3"))) return;
  add("encode/" + name + "/cold", [&text](benchmark::State& state) { encode(state, text, false); });
  add("encode/" + name + "/warm", [&text](benchmark::State& state) { encode(state, text, true); });
}

}  // namespace
}  // namespace rocmforge

int main(int argc, char** argv) {
  const std::string prose = rocmforge::prose(), headers = rocmforge::headers();
  rocmforge::register_text("prose", prose);
  rocmforge::register_text("headers", headers);
  if (std::filesystem::exists(rocmforge::vocabulary("qwen2"))) {
    rocmforge::best_of_three(benchmark::RegisterBenchmark("load/qwen2", rocmforge::load_vocabulary));
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
