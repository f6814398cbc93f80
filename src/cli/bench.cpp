// `rocmforge bench`: measures how fast a model runs on this machine, and the machine's limits.
#include <memory>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/model_arguments.h"
#include "cli/model_source.h"
#include "cli/terminal.h"
#include "engine/benchmark.h"
#include "engine/synthetic_file.h"

namespace rocmforge::cli {
namespace {

constexpr std::string_view kUsualType = "Q4_0";
constexpr std::uint64_t kMostTokens = 1 << 24;

struct BenchArguments {
  ModelArguments model;
  std::string synthetic;
  std::string type;  // empty: kUsualType
  std::string save;
  std::string output_form;
  std::uint64_t prompt = 512;
  std::uint64_t generated = 128;
  std::uint64_t sequences = 1;
  std::uint64_t depth = 0;
  std::uint64_t repetitions = 5;
  bool roofline = false;
  bool json = false;
};

void check(const BenchArguments& arguments) {
  if (!arguments.output_form.empty() && arguments.output_form != "json" && arguments.output_form != "md") {
    throw error(ErrorCode::kUsage, "-o {}: expected json or md", printable(arguments.output_form));
  }
  const bool has_file = !arguments.model.model.empty();
  const bool is_synthetic = !arguments.synthetic.empty();
  if (has_file && is_synthetic) throw error(ErrorCode::kUsage, "-m and --synthetic exclude each other");
  if (arguments.roofline && (has_file || is_synthetic)) {
    throw error(ErrorCode::kUsage, "--roofline measures the machine alone, without {}",
                has_file ? "-m" : "--synthetic");
  }
  if (!has_file && !is_synthetic && !arguments.roofline) {
    throw error(ErrorCode::kUsage, "there is no model: -m or --synthetic names one, --roofline measures without");
  }
  for (const auto& [option, is_given] :
       {std::pair{"--type", !arguments.type.empty()}, {"--save", !arguments.save.empty()}}) {
    if (is_given && !is_synthetic) throw error(ErrorCode::kUsage, "{} goes with --synthetic", option);
  }
  if (arguments.prompt == 0 && arguments.generated == 0 && !arguments.roofline) {
    throw error(ErrorCode::kUsage, "-p 0 -n 0: there is nothing to measure");
  }
  if (arguments.json && arguments.output_form == "md")
    throw error(ErrorCode::kUsage, "--json and -o md exclude each other");
}

// ---- What is shown ----

using Json = nlohmann::ordered_json;

std::string_view name_of(engine::Phase phase) { return phase == engine::Phase::kPrefill ? "prefill" : "decode"; }

// The model and the device that were measured.
struct Subject {
  std::string model;
  std::uint64_t bytes = 0;
  std::string backend;
  std::string device;
};

std::string test_name(const engine::Measurement& measurement, const BenchArguments& arguments) {
  std::string name = fmt::format("{} {}", name_of(measurement.phase), measurement.tokens);
  if (arguments.sequences > 1) name += fmt::format(" x {}", arguments.sequences);
  if (arguments.depth > 0) name += fmt::format(" at {}", arguments.depth);
  return name;
}

std::string limits_text(const ops::MachineLimits& limits) {
  return fmt::format("read {:.1f} GB/s, float {:.0f} GFLOP/s, integer {:.0f} GOP/s", limits.read_bytes_per_second / 1e9,
                     limits.float_operations_per_second / 1e9, limits.integer_operations_per_second / 1e9);
}

Json limits_json(const ops::MachineLimits& limits) {
  return {{"read_bytes_per_second", limits.read_bytes_per_second},
          {"float_operations_per_second", limits.float_operations_per_second},
          {"integer_operations_per_second", limits.integer_operations_per_second}};
}

void print_table(const Subject& subject, const engine::BenchmarkResult& result, const BenchArguments& arguments) {
  fmt::print("{}, {}, on {} ({})\n\n", subject.model, format_bytes(subject.bytes), subject.backend, subject.device);
  fmt::print("| {:<20} | {:>10} | {:>19} | {:>10} | {:>5} |\n", "test", "tokens/s", "least to greatest", "limit",
             "share");
  fmt::print("|:{:-<20}-|-{:->10}:|-{:->19}:|-{:->10}:|-{:->5}:|\n", "", "", "", "", "");
  for (const engine::Measurement& measurement : result.measurements) {
    const engine::Speed& speed = measurement.speed;
    const bool is_limited = measurement.limit > 0;
    fmt::print("| {:<20} | {:>10.2f} | {:>19} | {:>10} | {:>5} |\n", test_name(measurement, arguments), speed.median,
               fmt::format("{:.2f} to {:.2f}", speed.least, speed.greatest),
               is_limited ? fmt::format("{:.2f}", measurement.limit) : "-",
               is_limited ? fmt::format("{:.0f} %", 100 * speed.median / measurement.limit) : "-");
  }
  fmt::print("\nlimits of this machine, measured now: {}\n", limits_text(result.limits));
}

void print_json(const Subject& subject, const engine::BenchmarkResult& result, const BenchArguments& arguments) {
  Json measurements = Json::array();
  for (const engine::Measurement& measurement : result.measurements) {
    measurements.push_back({{"test", name_of(measurement.phase)},
                            {"tokens", measurement.tokens},
                            {"sequences", arguments.sequences},
                            {"depth", arguments.depth},
                            {"tokens_per_second", measurement.speed.median},
                            {"least", measurement.speed.least},
                            {"greatest", measurement.speed.greatest},
                            {"limit", measurement.limit > 0 ? Json(measurement.limit) : Json(nullptr)}});
  }
  const Json json = {{"model", subject.model},
                     {"weight_bytes", subject.bytes},
                     {"backend", subject.backend},
                     {"device", subject.device},
                     {"repetitions", arguments.repetitions},
                     {"limits", limits_json(result.limits)},
                     {"measurements", std::move(measurements)}};
  fmt::print("{}\n", dump_json(json, 2));
}

// ---- What is done ----

bool wants_json(const BenchArguments& arguments) { return arguments.json || arguments.output_form == "json"; }

void measure_machine(const BenchArguments& arguments) {
  const auto devices = engine::open_devices(runner_options(arguments.model).device);
  ops::Backend& backend = *devices.front().backend;
  const ops::MachineLimits limits = backend.measure_limits();
  if (wants_json(arguments)) {
    const Json json = {{"backend", backend.name()}, {"device", backend.description()}, {"limits", limits_json(limits)}};
    fmt::print("{}\n", dump_json(json, 2));
  } else {
    fmt::print("{} ({}): {}\n", backend.name(), backend.description(), limits_text(limits));
  }
}

void measure_model(const BenchArguments& arguments, const gguf::File& file, const std::string& name) {
  engine::BenchmarkOptions options{.prompt = static_cast<int>(arguments.prompt),
                                   .generated = static_cast<int>(arguments.generated),
                                   .sequences = static_cast<int>(arguments.sequences),
                                   .depth = static_cast<int>(arguments.depth),
                                   .repetitions = static_cast<int>(arguments.repetitions)};
  engine::RunnerOptions runner_settings = runner_options(arguments.model);
  engine::prepare(models::describe(file).spec, options, runner_settings);
  engine::Runner runner = load_runner(file, runner_settings);
  engine::BenchmarkResult result;
  {
    ProgressBar bar;
    result = engine::measure(runner, file, options, [&bar](std::uint64_t done, std::uint64_t total, auto what) {
      bar.show(done, total, what);
    });
  }
  file.check_intact();
  const models::Placement& placement = runner.plan().placements.front();
  const Subject subject{name, runner.load_statistics().bound.bytes, std::string(placement.backend->name()),
                        placement.backend->description()};
  if (wants_json(arguments)) {
    print_json(subject, result, arguments);
  } else {
    print_table(subject, result, arguments);
  }
}

void bench(const BenchArguments& arguments) {
  check(arguments);
  if (arguments.model.model.empty() && arguments.synthetic.empty()) return measure_machine(arguments);
  if (!arguments.model.model.empty()) {
    return measure_model(arguments, gguf::File::open(path_of_model(arguments.model.model)), arguments.model.model);
  }
  const std::string type = arguments.type.empty() ? std::string(kUsualType) : arguments.type;
  const std::string name = fmt::format("{} {}", arguments.synthetic, type);
  if (arguments.save.empty()) {
    const engine::SyntheticFile synthetic(arguments.synthetic, type);
    return measure_model(arguments, synthetic.file(), name);
  }
  engine::save_synthetic(arguments.synthetic, type, arguments.save);
  measure_model(arguments, gguf::File::open(arguments.save), name);
}

}  // namespace

Command bench_command() {
  const auto arguments = std::make_shared<BenchArguments>();
  Argument model = model_argument(arguments->model);
  model.required = false;
  std::vector<Argument> list = {
      std::move(model),
      {.names = "--synthetic",
       .value = "NAME",
       .help = "Use a model with random weights instead of a file: " + engine::synthetic_names(),
       .place = &arguments->synthetic},
      {.names = "--type",
       .value = "TYPE",
       .help = "Mix or format of the synthetic model, as for `quantize` (default: Q4_0)",
       .place = &arguments->type},
      {.names = "--save",
       .value = "F.gguf",
       .help = "Write the synthetic model to this file and measure the file",
       .place = &arguments->save,
       .completes = Completes::kFile},
      {.names = "-p",
       .value = "N",
       .help = "Prompt tokens to process; 0: no prefill measurement (default: 512)",
       .place = &arguments->prompt,
       .least = 0,
       .greatest = kMostTokens},
      {.names = "-n",
       .value = "N",
       .help = "Tokens to generate; 0: no decode measurement (default: 128)",
       .place = &arguments->generated,
       .least = 0,
       .greatest = kMostTokens},
      {.names = "-b",
       .value = "N",
       .help = "Sequences that run together (default: 1)",
       .place = &arguments->sequences,
       .greatest = 4096},
      {.names = "-d",
       .value = "N",
       .help = "Tokens already in the KV cache (default: 0)",
       .place = &arguments->depth,
       .least = 0,
       .greatest = kMostTokens},
      {.names = "-r",
       .value = "N",
       .help = "Repetitions (default: 5)",
       .place = &arguments->repetitions,
       .greatest = 1000},
      {.names = "-o",
       .value = "FORM",
       .help = "Output form: json or md (default: md)",
       .place = &arguments->output_form,
       .completes = Completes::kChoices,
       .choices = {"json", "md"}},
      {.names = "--json", .value = "", .help = "The same as -o json", .place = &arguments->json},
      {.names = "--roofline",
       .value = "",
       .help = "Measure only the limits of the machine, without a model",
       .place = &arguments->roofline},
  };
  for (Argument& argument : device_arguments(arguments->model)) list.push_back(std::move(argument));
  return {
      .name = "bench",
      .summary = "Measure how fast a model runs, and the machine's limits",
      .details =
          "Prints the median of the repetitions, with the least and the greatest. A decode\n"
          "is limited by reading the weights and the KV cache once per step, a prefill by\n"
          "arithmetic. The machine's limits are measured in the same run.",
      .examples =
          "  rocmforge bench -m model.gguf\n"
          "  rocmforge bench --synthetic llama-1b --type Q4_0 -p 128 -n 32\n"
          "  rocmforge bench --roofline",
      .arguments = std::move(list),
      .run = [arguments] { bench(*arguments); },
  };
}

}  // namespace rocmforge::cli
