// Measures matrix products of the CPU backend at real sizes, beside the limits of memory and arithmetic.
//
//   memory/read               all threads read memory beyond the caches: the limit of a product with one token
//   decode/Q4_K/2048x8192     one token; counts the bytes of the weights, which alternate between several matrices so
//                             that they come from memory; "of memory" is the share of memory/read's bandwidth,
//                             measured in the same run
//   prefill/Q4_K/2048x8192    512 tokens; a multiplication and an addition are two operations
//
// --threads=N (before Google Benchmark's own options) sets the number of threads; the default is that of the program.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <numeric>
#include <random>
#include <span>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "backends/cpu/factory.h"
#include "base/cpu_count.h"
#include "base/thread_pool.h"
#include "quant/codec.h"

namespace rocmforge {
namespace {

constexpr std::int64_t kPrefillTokens = 512;

int threads = default_threads();
double bandwidth = 0;  // bytes per second, as measured by memory/read

// Returns a size that exceeds the last-level cache, within reason; this process's share of the cache is unknown.
std::size_t bytes_beyond_caches() {
  const long cache = sysconf(_SC_LEVEL3_CACHE_SIZE);
  return std::clamp(8 * static_cast<std::size_t>(std::max(cache, 0L)), std::size_t{256} << 20, std::size_t{1} << 30);
}

std::span<std::byte> memory() {
  static const std::span<std::byte> whole = [] {
    const std::size_t size = bytes_beyond_caches();
    void* const pages = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) std::abort();
    madvise(pages, size, MADV_HUGEPAGE);
    return std::span(static_cast<std::byte*>(pages), size);
  }();
  return whole;
}

ops::Backend& backend() {
  static const auto made = [] {
    auto result = cpu::make_backend({threads, best_cpu_tier()});
    result->reserve({.rows = kPrefillTokens, .columns = 8192});
    return result;
  }();
  return *made;
}

void read_memory(benchmark::State& state) {
  ThreadPool pool(threads);
  const auto words = std::span(reinterpret_cast<const std::uint64_t*>(memory().data()), memory().size() / 8);
  std::memset(memory().data(), 1, memory().size());
  constexpr std::size_t kPart = std::size_t{1} << 17;
  for (auto _ : state) {
    pool.parallel_for(words.size() / kPart, [&](std::size_t part) {
      const auto own = words.subspan(part * kPart, kPart);
      benchmark::DoNotOptimize(std::accumulate(own.begin(), own.end(), std::uint64_t{0}));
    });
  }
  const auto bytes = static_cast<std::int64_t>(state.iterations() * memory().size());
  state.SetBytesProcessed(bytes);
}

// Stores the measured read bandwidth for the other benchmarks.
class Reporter : public benchmark::ConsoleReporter {
 public:
  Reporter() : ConsoleReporter(OO_Tabular) {}
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.benchmark_name() == "memory/read/real_time") bandwidth = run.counters.at("bytes_per_second").value;
    }
    ConsoleReporter::ReportRuns(runs);
  }
};

struct Matrix {
  const quant::Format& format;
  std::int64_t rows;
  std::int64_t columns;

  std::int64_t bytes() const { return rows * columns / format.block_values * format.block_bytes; }
};

// Returns as many copies of a matrix as fill the memory. All rows have the same bytes: the values do not matter, but
// must be numbers.
std::vector<ops::Weight> fill_memory(const Matrix& matrix) {
  const auto row_bytes = static_cast<std::size_t>(matrix.bytes() / matrix.rows);
  std::vector<float> values(static_cast<std::size_t>(matrix.columns));
  std::mt19937 random(1);
  std::normal_distribution<float> normal(0, 0.02f);
  for (float& value : values) value = normal(random);
  std::vector<std::byte> row(row_bytes);
  if (matrix.format.has_encoder) {
    quant::encode_row(matrix.format, values, std::vector<float>(values.size(), 1.0f), row);
  } else {
    for (std::byte& byte : row) byte = static_cast<std::byte>(random() & 0x3f);
  }
  std::vector<ops::Weight> weights;
  const auto size = static_cast<std::size_t>(matrix.bytes());
  for (std::size_t at = 0; at + size <= memory().size(); at += size) {
    const auto whole = memory().subspan(at, size);
    for (std::size_t r = 0; r < size; r += row_bytes) std::memcpy(whole.data() + r, row.data(), row_bytes);
    ops::WeightSource source;
    source.format = &matrix.format;
    source.columns = matrix.columns;
    source.rows = matrix.rows;
    source.matrix_bytes = matrix.bytes();
    source.bytes = whole;
    weights.push_back(backend().bind(source));
  }
  return weights;
}

void multiply(benchmark::State& state, const Matrix& matrix, std::int64_t tokens) {
  const std::vector<ops::Weight> weights = fill_memory(matrix);
  std::vector<float> x(static_cast<std::size_t>(tokens * matrix.columns), 0.5f);
  std::vector<float> y(static_cast<std::size_t>(tokens * matrix.rows));
  const ops::Tensor in{x.data(), tokens, matrix.columns, matrix.columns};
  const ops::Tensor out{y.data(), tokens, matrix.rows, matrix.rows};
  std::size_t next = 0;
  for (auto _ : state) {
    backend().linear(in, {weights[next++ % weights.size()], nullptr}, out);
    benchmark::ClobberMemory();
  }
  if (tokens == 1) {
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * matrix.bytes());
    if (bandwidth > 0) {
      const double share = static_cast<double>(matrix.bytes()) / bandwidth;
      state.counters["of memory"] = benchmark::Counter(share, benchmark::Counter::kIsIterationInvariantRate);
    }
  } else {
    const double operations = 2.0 * static_cast<double>(tokens * matrix.rows * matrix.columns);
    state.counters["op/s"] = benchmark::Counter(operations, benchmark::Counter::kIsIterationInvariantRate);
  }
}

void register_all() {
  benchmark::RegisterBenchmark("memory/read", read_memory)->UseRealTime();
  struct Size {
    std::int64_t rows, columns;
  };
  for (const quant::Format& format : quant::formats()) {
    if (format.is_integer()) continue;
    for (const Size size : {Size{2048, 2048}, Size{2048, 8192}, Size{8192, 2048}}) {
      const Matrix matrix{format, size.rows, size.columns};
      const std::string name =
          std::string(format.name) + "/" + std::to_string(size.rows) + "x" + std::to_string(size.columns);
      benchmark::RegisterBenchmark(("decode/" + name).c_str(), multiply, matrix, 1)->UseRealTime();
      if (size.columns != 8192) continue;
      benchmark::RegisterBenchmark(("prefill/" + name).c_str(), multiply, matrix, kPrefillTokens)->UseRealTime();
    }
  }
}

}  // namespace
}  // namespace rocmforge

int main(int argc, char** argv) {
  constexpr const char* kThreads = "--threads=";
  if (argc > 1 && std::string(argv[1]).starts_with(kThreads)) {
    rocmforge::threads = std::max(1, std::atoi(argv[1] + std::strlen(kThreads)));
    argv[1] = argv[0];
    ++argv;
    --argc;
  }
  rocmforge::register_all();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  rocmforge::Reporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  benchmark::Shutdown();
}
