// Measures the quantization of a whole file, a Llama of a billion parameters in F16 (ROCMFORGE_BENCH_PARAMETERS sets
// another size), beside the time to read the same bytes and to write as many as the result has. Both end with the data
// on the disk.
//
// Each run is a separate process, so that its peak memory is measured separately.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "base/atomic_file.h"
#include "base/cpu_count.h"
#include "base/error.h"
#include "convert/quantize.h"
#include "gguf/reader.h"
#include "make_model.h"

namespace rocmforge::bench {
namespace {

using Clock = std::chrono::steady_clock;

// The input file, which is made once and removed at the end.
class InputFile {
 public:
  InputFile() {
    std::string folder = (std::filesystem::temp_directory_path() / "rocmforge-bench-XXXXXX").string();
    if (mkdtemp(folder.data()) == nullptr) throw Error(ErrorCode::kIo, "cannot create a temporary folder");
    folder_ = folder;
    const char* size = std::getenv("ROCMFORGE_BENCH_PARAMETERS");
    parameters_ = make_model(path(), size != nullptr ? std::strtoull(size, nullptr, 10) : 1'000'000'000);
  }
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;
  ~InputFile() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  std::string path() const { return folder_ / "input.gguf"; }
  std::string output() const { return folder_ / "output.gguf"; }
  std::uint64_t bytes() const { return std::filesystem::file_size(path()); }
  std::uint64_t parameters() const { return parameters_; }

 private:
  std::filesystem::path folder_;
  std::uint64_t parameters_ = 0;
};

const InputFile& input() {
  static const InputFile file;
  return file;
}

struct Cost {
  double seconds = 0;
  double peak_bytes = 0;
};

Cost cost_of(const std::function<void()>& work) {
  const auto start = Clock::now();
  const pid_t child = fork();
  if (child == 0) {
    int status = 0;
    try {
      work();
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s\n", error.what());
      status = 1;
    }
    _exit(status);
  }
  int status = 0;
  rusage usage{};
  wait4(child, &status, 0, &usage);
  if (status != 0) throw Error(ErrorCode::kInternal, "the measured process failed");
  return {std::chrono::duration<double>(Clock::now() - start).count(), 1024.0 * static_cast<double>(usage.ru_maxrss)};
}

convert::QuantizePlan plan_for(const gguf::File& file, const std::string& type) {
  return convert::plan_quantization(convert::tensors_of(file), convert::traits_of(file),
                                    convert::parse_target(type, true), {});
}

void quantize_file(const std::string& type) {
  const gguf::File file = gguf::File::open(input().path());
  convert::quantize(file, plan_for(file, type), input().output(), {.threads = default_threads()});
}

void read_and_write(std::uint64_t bytes_out) {
  std::vector<std::byte> buffer(4 << 20);
  std::FILE* in = std::fopen(input().path().c_str(), "rb");
  AtomicFile out(input().output());
  std::uint64_t written = 0;
  while (const std::size_t count = std::fread(buffer.data(), 1, buffer.size(), in)) {
    const std::uint64_t here = std::min<std::uint64_t>(count, bytes_out - written);
    out.write(std::span(buffer).first(here));
    written += here;
  }
  std::fclose(in);
  out.commit();
}

// Returns the duration of the last run of each type, for the ratio of Q4_K to Q4_0.
std::map<std::string, double>& seconds_of() {
  static std::map<std::string, double> seconds;
  return seconds;
}

void quantize_to(benchmark::State& state, const std::string& type) {
  const std::uint64_t bytes_out = plan_for(gguf::File::open(input().path()), type).target_bytes();
  for (auto _ : state) {
    const Cost limit = cost_of([&] { read_and_write(bytes_out); });
    const Cost cost = cost_of([&] { quantize_file(type); });
    state.SetIterationTime(cost.seconds);
    seconds_of()[type] = cost.seconds;
    state.counters["read+write_s"] = limit.seconds;
    state.counters["x_read+write"] = cost.seconds / limit.seconds;
    state.counters["peak_MiB"] = cost.peak_bytes / (1 << 20);
    if (type != "Q4_0" && seconds_of().contains("Q4_0")) state.counters["x_Q4_0"] = cost.seconds / seconds_of()["Q4_0"];
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(input().bytes()));
  state.counters["parameters/s"] = benchmark::Counter(
      static_cast<double>(input().parameters()) * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

#define QUANTIZE_BENCHMARK(type)              \
  BENCHMARK_CAPTURE(quantize_to, type, #type) \
      ->UseManualTime()                       \
      ->Unit(benchmark::kSecond)              \
      ->Iterations(1)                         \
      ->Repetitions(3)                        \
      ->ReportAggregatesOnly()

QUANTIZE_BENCHMARK(Q8_0);
QUANTIZE_BENCHMARK(Q4_0);
QUANTIZE_BENCHMARK(Q4_K);
QUANTIZE_BENCHMARK(Q6_K);

}  // namespace
}  // namespace rocmforge::bench

BENCHMARK_MAIN();
