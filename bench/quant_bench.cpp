// Measures decoding and encoding of every format on every tier, on one core, beside the core's read, write and copy
// bandwidth.
//
//   decode/Q4_K/avx512         rows of 4096 values into one buffer that stays in the cache, as in a fused kernel
//   decode_stream/Q4_K/avx512  into memory, where memory/write is the limit
//   encode/Q4_K/avx512         normally distributed rows; encode_weighted uses an importance matrix, if the format
//                              supports one
//
// Bytes are those of the floats. decode/F32 is a plain copy within the cache.
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <numeric>
#include <random>
#include <span>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "quant/codec.h"

namespace rocmforge {
namespace {

using quant::Format;

constexpr std::size_t kColumns = 4096;
constexpr std::size_t kRows = 16;

// Returns a size that exceeds the last-level cache, within reason; one core's share of the shared caches is unknown.
std::size_t bytes_beyond_caches() {
  const long cache = sysconf(_SC_LEVEL3_CACHE_SIZE);
  return std::clamp(2 * static_cast<std::size_t>(std::max(cache, 0L)), std::size_t{256} << 20, std::size_t{1} << 30);
}

// Returns memory that all benchmarks share. It is touched before they begin, so that none of them pays for page faults.
std::span<float> memory() {
  static const std::size_t count = bytes_beyond_caches() / sizeof(float);
  static const auto buffer = std::make_unique<float[]>(count);
  return {buffer.get(), count};
}

void count_values(benchmark::State& state, std::size_t values_an_iteration) {
  const auto iterations = static_cast<std::int64_t>(state.iterations());
  state.SetBytesProcessed(iterations * static_cast<std::int64_t>(values_an_iteration * sizeof(float)));
  state.counters["values/s"] =
      benchmark::Counter(static_cast<double>(values_an_iteration), benchmark::Counter::kIsIterationInvariantRate);
}

// ---- The machine ----

void read_memory(benchmark::State& state) {
  const auto source = memory();
  const std::span<const std::uint32_t> words(reinterpret_cast<const std::uint32_t*>(source.data()), source.size());
  for (auto _ : state) benchmark::DoNotOptimize(std::accumulate(words.begin(), words.end(), 0u));
  count_values(state, source.size());
}

void write_memory(benchmark::State& state) {
  const auto target = memory();
  for (auto _ : state) {
    std::ranges::fill(target, 0.0f);
    benchmark::ClobberMemory();
  }
  count_values(state, target.size());
}

// Counts the bytes copied; reading and writing together are twice as many.
void copy_memory(benchmark::State& state) {
  const auto source = memory().first(memory().size() / 2);
  const auto target = memory().last(source.size());
  for (auto _ : state) {
    std::memcpy(target.data(), source.data(), source.size_bytes());
    benchmark::ClobberMemory();
  }
  count_values(state, source.size());
}

// ---- Formats ----

const std::vector<float>& normal_rows() {
  static const std::vector<float> rows = [] {
    std::mt19937 random(1);
    std::normal_distribution<float> normal(0, 0.02f);  // like real weights
    std::vector<float> values(kRows * kColumns);
    for (float& value : values) value = normal(random);
    return values;
  }();
  return rows;
}

const std::vector<float>& importance() {
  static const std::vector<float> row = [] {
    std::mt19937 random(2);
    std::lognormal_distribution<float> lognormal;
    std::vector<float> values(kColumns);
    for (float& value : values) value = lognormal(random);
    return values;
  }();
  return row;
}

std::span<const float> row_of(const std::vector<float>& values, std::size_t row) {
  return {&values[row % kRows * kColumns], kColumns};
}

std::size_t row_bytes(const Format& format) { return kColumns / format.block_values * format.block_bytes; }

// Returns encoded rows. For a format without an encoder the bytes are arbitrary, but small so that all values are
// numbers.
std::vector<std::byte> stored_rows(const Format& format) {
  const std::size_t size = row_bytes(format);
  std::vector<std::byte> blocks(kRows * size);
  std::mt19937 random(3);
  for (std::byte& byte : blocks) byte = static_cast<std::byte>(random() & 0x3f);
  for (std::size_t row = 0; row < kRows && format.has_encoder; ++row) {
    quant::encode_row(format, row_of(normal_rows(), row), importance(), std::span(blocks).subspan(row * size, size));
  }
  return blocks;
}

void decode(benchmark::State& state, const Format& format, CpuTier tier, std::span<float> out) {
  const std::size_t size = row_bytes(format);
  const std::vector<std::byte> stored = stored_rows(format);
  std::size_t row = 0;
  for (auto _ : state) {
    const auto blocks = std::span(stored).subspan(row % kRows * size, size);
    quant::decode_row(format, blocks, out.subspan(row * kColumns % out.size(), kColumns), tier);
    benchmark::ClobberMemory();
    ++row;
  }
  count_values(state, kColumns);
}

void encode(benchmark::State& state, const Format& format, CpuTier tier, std::span<const float> weights) {
  std::vector<std::byte> blocks(row_bytes(format));
  std::size_t row = 0;
  for (auto _ : state) {
    const auto refused = quant::encode_row(format, row_of(normal_rows(), row++), weights, blocks, tier);
    if (refused) state.SkipWithError("refused");
    benchmark::ClobberMemory();
  }
  count_values(state, kColumns);
}

void register_format(const Format& format, CpuTier tier) {
  const std::string name = "/" + std::string(format.name) + "/" + std::string(name_of(tier));
  benchmark::RegisterBenchmark(("decode" + name).c_str(), [&format, tier](benchmark::State& state) {
    std::vector<float> row(kColumns);
    decode(state, format, tier, row);
  });
  if (tier == best_cpu_tier()) {
    benchmark::RegisterBenchmark(("decode_stream" + name).c_str(),
                                 [&format, tier](benchmark::State& state) { decode(state, format, tier, memory()); });
  }
  if (!format.has_encoder) return;
  benchmark::RegisterBenchmark(("encode" + name).c_str(),
                               [&format, tier](benchmark::State& state) { encode(state, format, tier, {}); });
  if (tier == best_cpu_tier() && format.weight_rule != quant::WeightRule::kIgnored) {
    benchmark::RegisterBenchmark(("encode_weighted" + name).c_str(), [&format, tier](benchmark::State& state) {
      encode(state, format, tier, importance());
    });
  }
}

void register_all() {
  benchmark::RegisterBenchmark("memory/read", read_memory);
  benchmark::RegisterBenchmark("memory/write", write_memory);
  benchmark::RegisterBenchmark("memory/copy", copy_memory);
  for (const Format& format : quant::formats()) {
    for (const CpuTier tier : kCpuTiers) {
      if (tier <= best_cpu_tier()) register_format(format, tier);
    }
  }
}

}  // namespace
}  // namespace rocmforge

// Like BENCHMARK_MAIN(), but with a shorter default time, because there are about 300 benchmarks.
int main(int argc, char** argv) {
  std::string short_time = "--benchmark_min_time=0.05";
  std::vector<char*> arguments(argv, argv + argc);
  arguments.insert(arguments.begin() + (argc > 0 ? 1 : 0),
                   short_time.data());  // options of the user come later and take precedence
  arguments.push_back(nullptr);
  argc = static_cast<int>(arguments.size()) - 1;
  rocmforge::register_all();
  benchmark::Initialize(&argc, arguments.data());
  if (benchmark::ReportUnrecognizedArguments(argc, arguments.data())) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
