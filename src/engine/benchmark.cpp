#include "engine/benchmark.h"

#include <algorithm>
#include <random>

#include "base/error.h"
#include "engine/seconds.h"

namespace rocmforge::engine {
namespace {

Speed summarize(std::vector<double> speeds) {
  std::ranges::sort(speeds);
  const std::size_t middle = speeds.size() / 2;
  const double median = speeds.size() % 2 == 1 ? speeds[middle] : (speeds[middle - 1] + speeds[middle]) / 2;
  return {median, speeds.front(), speeds.back()};
}

// Runs sequences that take the same number of tokens in every step. The tokens are random, so that none is in the
// cache.
class Batch {
 public:
  Batch(Runner& runner, int sequences, std::uint32_t seed) : runner_(runner), random_(seed) {
    for (int i = 0; i < sequences; ++i) {
      const auto started = runner_.start();
      if (!started) throw error(ErrorCode::kOutOfMemory, "no room for {} sequences", sequences);
      ids_.push_back(started->id);
    }
  }
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;
  ~Batch() {
    for (const kv::SequenceId id : ids_) runner_.finish(id);
  }

  // Splits the tokens into as many steps as necessary; the last step computes logits for every sequence.
  void add(int tokens) {
    const int at_a_time = std::max(1, runner_.step_tokens() / static_cast<int>(ids_.size()));
    for (int done = 0; done < tokens; done += at_a_time) {
      const int now = std::min(at_a_time, tokens - done);
      step(now, done + now == tokens ? Wanted::kLast : Wanted::kNothing);
    }
  }

  // Runs the encoder of an encoder-decoder model for every sequence.
  void encode(int tokens) {
    draw(tokens);
    for (std::size_t i = 0; i < ids_.size(); ++i) runner_.encode(ids_[i], tokens_of(i));
  }

  void step(int tokens, Wanted wanted) {
    draw(tokens);
    items_.clear();
    for (std::size_t i = 0; i < ids_.size(); ++i) items_.push_back({ids_[i], tokens_of(i), wanted});
    RF_CHECK(runner_.run(items_));  // prepare() made room
  }

 private:
  void draw(int tokens) {
    tokens_.resize(static_cast<std::size_t>(tokens) * ids_.size());
    std::uniform_int_distribution<kv::TokenId> any(0, runner_.spec().vocabulary - 1);
    for (kv::TokenId& token : tokens_) token = any(random_);
  }
  std::span<const kv::TokenId> tokens_of(std::size_t sequence) const {
    const std::size_t count = tokens_.size() / ids_.size();
    return std::span(tokens_).subspan(sequence * count, count);
  }

  Runner& runner_;
  std::mt19937 random_;
  std::vector<kv::SequenceId> ids_;
  std::vector<kv::TokenId> tokens_;
  std::vector<StepItem> items_;
};

// Returns the bytes of keys, values and states that a token at this position reads.
double cache_bytes_at(const Runner& runner, double position) {
  const models::DecoderSpec& spec = runner.spec();
  const models::CacheLayout layout = models::cache_layout(spec);
  auto bytes = static_cast<double>(models::state_bytes(spec));
  for (const models::CacheGroup& group : layout.groups) {
    const auto block = models::block_bytes(spec, group, runner.memory().formats, kBlockTokens, layout.is_shared);
    const double visible = group.window > 0 ? std::min<double>(group.window, position) : position;
    bytes += static_cast<double>(block) / kBlockTokens * visible;
  }
  return bytes;
}

// Returns the limit in tokens per second, of all sequences together. A prefill computes logits once; a decode reads the
// weights once per step.
double limit_of(const Measurement& measurement, const Runner& runner, const gguf::File& file,
                const BenchmarkOptions& options, const ops::MachineLimits& limits) {
  if (runner.spec().encoder != nullptr) return 0;  // weights are not counted per phase
  const models::WorkPerToken work = models::work_per_token(file, runner.spec());
  const double arithmetic = std::max(limits.integer_operations_per_second, limits.float_operations_per_second);
  if (arithmetic <= 0 || limits.read_bytes_per_second <= 0) return 0;
  const double answered = measurement.phase == Phase::kPrefill ? 1.0 / measurement.tokens : 1;
  const double operations =
      2 * (static_cast<double>(work.multiplications) + answered * static_cast<double>(work.output_multiplications));
  const double by_arithmetic = arithmetic / operations;
  if (measurement.phase == Phase::kPrefill) return by_arithmetic;
  const double weights = static_cast<double>(work.weight_bytes) / options.sequences;
  const double cache = cache_bytes_at(runner, options.depth + options.generated / 2.0);
  return std::min(by_arithmetic, limits.read_bytes_per_second / (weights + cache));
}

}  // namespace

void prepare(const models::DecoderSpec& spec, BenchmarkOptions& options, RunnerOptions& runner) {
  const auto sequences = static_cast<std::int64_t>(options.sequences);
  if (spec.is_encoder()) {
    if (options.depth > 0) throw error(ErrorCode::kUsage, "-d {}: an encoder has nothing before", options.depth);
    if (options.prompt == 0) throw error(ErrorCode::kUsage, "-p 0: an encoder does nothing else");
    options.generated = 0;
  }
  if (spec.encoder != nullptr && options.depth > 0) {
    throw error(ErrorCode::kUsage, "-d {}: the prompt is the encoder's, which has nothing before", options.depth);
  }
  runner.sequences = options.sequences;
  const std::int64_t longest = std::max(options.depth, 1) + std::int64_t{std::max(options.prompt, options.generated)};
  if (runner.context == 0) runner.context = spec.is_encoder() ? options.prompt : longest;
  if (runner.context < (spec.is_encoder() ? options.prompt : longest)) {
    throw error(ErrorCode::kUsage, "--ctx {} is shorter than the {} tokens of the benchmark", runner.context, longest);
  }
  const std::int64_t wanted = sequences * std::max({options.prompt, options.depth, 1});
  const std::int64_t most = spec.is_encoder() ? wanted : std::max<std::int64_t>(512, sequences);
  constexpr std::int64_t kMostStepTokens = 1 << 20;
  if (std::min(wanted, most) > kMostStepTokens) {
    throw error(ErrorCode::kUsage, "-p {} -b {}: more than {} tokens in a step", options.prompt, options.sequences,
                kMostStepTokens);
  }
  runner.step_tokens = static_cast<int>(std::min(wanted, most));
}

BenchmarkResult measure(Runner& runner, const gguf::File& file, const BenchmarkOptions& options,
                        const std::function<void(std::uint64_t, std::uint64_t, std::string_view)>& on_progress) {
  BenchmarkResult result;
  std::uint32_t seed = 1;
  const bool has_encoder = runner.spec().encoder != nullptr;
  const int phases = (options.prompt > 0 ? 1 : 0) + (options.generated > 0 ? 1 : 0);
  const auto total = static_cast<std::uint64_t>(options.repetitions) * static_cast<std::uint64_t>(phases);
  std::uint64_t done = 0;
  const auto run = [&](Phase phase, int tokens) {
    if (tokens == 0) return;
    std::vector<double> speeds;
    // Warm up once, so that pages are read and clock frequencies rise.
    for (int repetition = -1; repetition < options.repetitions; ++repetition) {
      Batch batch(runner, options.sequences, seed++);
      // A decode needs at least one token before it.
      const int before = phase == Phase::kDecode ? std::max(1, options.depth) : options.depth;
      if (has_encoder && phase == Phase::kDecode) batch.encode(std::max(1, options.prompt));
      if (before > 0) batch.add(before);
      const auto start = Clock::now();
      if (has_encoder && phase == Phase::kPrefill) {
        batch.encode(tokens);
      } else if (phase == Phase::kPrefill) {
        batch.add(tokens);
      } else {
        for (int i = 0; i < tokens; ++i) batch.step(1, Wanted::kLast);
      }
      const double seconds = seconds_since(start);
      if (repetition < 0) continue;
      speeds.push_back(tokens * options.sequences / seconds);
      on_progress(++done, total, phase == Phase::kPrefill ? "prefill" : "decode");
    }
    result.measurements.push_back({phase, tokens, summarize(speeds), 0});
  };
  run(Phase::kPrefill, options.prompt);
  run(Phase::kDecode, options.generated);
  result.limits = runner.measure_limits();
  for (Measurement& measurement : result.measurements) {
    measurement.limit = limit_of(measurement, runner, file, options, result.limits);
  }
  return result;
}

}  // namespace rocmforge::engine
