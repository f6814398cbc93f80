// `rocmforge perplexity`: measures how well a model predicts a text.
#include <chrono>
#include <cstdio>
#include <memory>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file_text.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/chat/signals.h"
#include "cli/commands.h"
#include "cli/model_arguments.h"
#include "cli/model_source.h"
#include "cli/terminal.h"
#include "engine/perplexity.h"

namespace rocmforge::cli {
namespace {

constexpr std::uint64_t kLongestWindow = std::uint64_t{1} << 20;

struct PerplexityArguments {
  ModelArguments model;
  std::string text;
  std::uint64_t window = 512;
  std::uint64_t stride = 0;
  bool json = false;
};

void check_window(const PerplexityArguments& arguments) {
  if (arguments.stride >= arguments.window) {
    throw error(ErrorCode::kUsage, "--stride {}: expected less than the window of {}", arguments.stride,
                arguments.window);
  }
}

engine::RunnerOptions options_for(const PerplexityArguments& arguments, const gguf::File& file) {
  const models::DecoderSpec spec = models::describe(file).spec;
  if (spec.is_encoder() || spec.encoder != nullptr) {
    throw error(ErrorCode::kUnsupported, "{}: {} does not continue texts, so it has no perplexity", file.path(),
                spec.description);
  }
  engine::RunnerOptions options = runner_options(arguments.model);
  const auto window = static_cast<int>(arguments.window);
  if (options.context != 0 && options.context < window) {
    throw error(ErrorCode::kUsage, "--ctx {}: less than the window of {}", options.context, window);
  }
  if (options.context == 0) options.context = window;
  const quant::Format* f32 = &quant::format_of(quant::FormatId::kF32);
  if (options.key_format == nullptr) options.key_format = f32;
  if (options.value_format == nullptr) options.value_format = f32;
  options.logit_rows = engine::rows_to_score(window, spec.vocabulary);
  return options;
}

// Shows the current value on a terminal.
class Progress {
 public:
  void show(int done, int windows, const engine::NegativeLogLikelihood& so_far) const {
    if (!visible_) return;
    const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
    const double left = seconds / done * (windows - done);
    print_if_possible(stderr, fmt::format("\r{} of {} windows: {:.4f} ± {:.4f}, {:.0f} s left\x1b[K", done, windows,
                                          so_far.perplexity(), so_far.error(), left));
  }
  void end() const {
    if (visible_) print_if_possible(stderr, "\r\x1b[K");
  }

 private:
  using Clock = std::chrono::steady_clock;
  bool visible_ = is_terminal(stderr);
  Clock::time_point start_ = Clock::now();
};

void print(const engine::Perplexity& done, const PerplexityArguments& arguments, double seconds) {
  const engine::NegativeLogLikelihood& nll = done.nll;
  if (arguments.json) {
    const nlohmann::ordered_json json = {
        {"perplexity", nll.perplexity()},
        {"error", nll.error()},
        {"nll", nll.mean()},
        {"tokens_scored", nll.tokens()},
        {"windows", done.windows},
        {"windows_of_text", done.of_windows},
        {"window", arguments.window},
        {"stride", arguments.stride},
        {"tokens_dropped", done.dropped},
        {"seconds", seconds},
    };
    fmt::print("{}\n", json.dump());
    return;
  }
  fmt::print("perplexity {:.4f} ± {:.4f} over {} tokens in {} windows of {}\n", nll.perplexity(), nll.error(),
             group_digits(static_cast<std::uint64_t>(nll.tokens())), done.windows, arguments.window);
}

void perplexity(const PerplexityArguments& arguments) {
  check_window(arguments);
  const gguf::File file = gguf::File::open(path_of_model(arguments.model.model));
  const engine::RunnerOptions options = options_for(arguments, file);
  const FileText text(arguments.text);
  const engine::MeasuredText measured = engine::tokens_to_measure(file, text.text());
  text.check_intact();
  engine::Runner runner = load_runner(file, options);
  const Signals signals({});
  log::info("{}: {} tokens", arguments.text, group_digits(measured.tokens.size()));
  const std::size_t rest = arguments.stride == 0 ? measured.tokens.size() % arguments.window : 0;
  if (rest > 0) log::info("the last {} fill no window, and are left out", rest);

  const Progress progress;
  engine::PerplexityOptions how{.window = static_cast<int>(arguments.window),
                                .stride = static_cast<int>(arguments.stride),
                                .is_cancelled = [&] { return signals.interrupted(); },
                                .on_window = {}};
  how.on_window = [&](int done, int windows, const engine::NegativeLogLikelihood& so_far) {
    progress.show(done, windows, so_far);
  };
  const auto start = std::chrono::steady_clock::now();
  const engine::Perplexity done = engine::measure_perplexity(runner, measured, how);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  progress.end();
  if (done.windows > 0) print(done, arguments, seconds);
  if (done.windows < done.of_windows) {
    log::warning("interrupted after {} of {} windows", done.windows, done.of_windows);
    throw Error(ErrorCode::kCancelled, "");
  }
}

}  // namespace

Command perplexity_command() {
  const auto arguments = std::make_shared<PerplexityArguments>();
  std::vector<Argument> list = {
      model_argument(arguments->model),
      {.names = "-f,--file",
       .value = "TEXT",
       .help = "File with the text",
       .place = &arguments->text,
       .required = true,
       .completes = Completes::kFile},
      {.names = "-c",
       .value = "N",
       .help = "Tokens per window, 4 or more (default: 512)",
       .place = &arguments->window,
       .least = 4,
       .greatest = kLongestWindow},
      {.names = "--stride",
       .value = "N",
       .help = "Advance windows by N tokens and score every token once (default: windows do not overlap)",
       .place = &arguments->stride},
      {.names = "--json", .value = "", .help = "Print the result as JSON", .place = &arguments->json},
  };
  for (Argument& argument : device_arguments(arguments->model)) list.push_back(std::move(argument));
  return {
      .name = "perplexity",
      .summary = "Measure how well a model predicts a text",
      .details =
          "The text is split into windows of N tokens. In each window the second half is\n"
          "scored, except its first token. The result is the exponential of the mean\n"
          "negative log-likelihood, with its standard error. The KV cache is F32 by\n"
          "default. Ctrl-C stops and prints the result of the windows done so far.",
      .examples =
          "  rocmforge perplexity -m model.gguf -f text.txt\n"
          "  rocmforge perplexity -m model.gguf -f text.txt -c 2048 --stride 512",
      .arguments = std::move(list),
      .run = [arguments] { perplexity(*arguments); },
  };
}

}  // namespace rocmforge::cli
