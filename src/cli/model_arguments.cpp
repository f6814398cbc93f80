#include "cli/model_arguments.h"

#include <algorithm>
#include <fstream>
#include <memory>
#include <sstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file_text.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/model_source.h"
#include "cli/terminal.h"
#include "engine/load_options.h"

namespace rocmforge::cli {
namespace {

constexpr std::uint64_t kLongestContext = std::uint64_t{1} << 30;

const std::vector<std::string> kCacheTypes = {"F32", "F16", "BF16", "Q8_0", "Q4_0"};

// Returns the value of the more specific option or, without one, of the general one.
std::string cache_type(const std::string& special, const char* special_option, const std::string& general) {
  const std::string& type = special.empty() ? general : special;
  if (type.empty()) return "F16";
  const auto matches = [&](const std::string& known) { return equal_ignoring_case(known, type); };
  if (std::ranges::any_of(kCacheTypes, matches)) return type;
  throw error(ErrorCode::kUsage, "{} {}: expected F32, F16, BF16, Q8_0 or Q4_0",
              special.empty() ? "--kv-type" : special_option, printable(type));
}

void report_runner(const engine::Runner& runner) {
  const engine::LoadStatistics& load = runner.load_statistics();
  const engine::MemoryPlan& memory = runner.memory();
  for (const std::string& line : runner.plan().explain()) log::info("{}", line);
  log::info("context {} ({}), {} for keys and values, {} for work", memory.context, memory.context_reason,
            format_bytes(memory.cache_bytes), format_bytes(memory.work_bytes));
  const double rate = static_cast<double>(load.bound.bytes) / 1e9 / std::max(load.seconds, 1e-9);
  log::info("{} in {} tensors bound in {:.2f} s{}{}", format_bytes(load.bound.bytes), load.bound.tensors, load.seconds,
            load.preload_seconds > 0 ? fmt::format(", read at {:.1f} GB/s", rate) : ", read when first used",
            load.bound.repacked_bytes > 0 ? fmt::format(", {} repacked", format_bytes(load.bound.repacked_bytes))
                                          : ", nothing repacked");
}

}  // namespace

Argument model_argument(ModelArguments& arguments) {
  return {.names = "-m,--model",
          .value = "MODEL",
          .help = kModelHelp,
          .place = &arguments.model,
          .required = true,
          .completes = Completes::kFile};
}

Argument threads_argument(int& threads) {
  return {.names = "-t,--threads",
          .value = "N",
          .help = "Number of CPU threads (default: one per physical core)",
          .place = &threads,
          .greatest = 4096};
}

std::vector<Argument> device_arguments(ModelArguments& arguments) {
  std::vector<std::string> sets;
  for (const InstructionSet& set : instruction_sets()) sets.emplace_back(set.name);
  return {
      {.names = "--device",
       .value = "DEVICE",
       .help = "Device to run on: auto, cpu, ref (slow, exact), gpu or gpu:N (default: auto)",
       .place = &arguments.device,
       .completes = Completes::kChoices,
       .choices = {"auto", "cpu", "ref", "gpu"}},
      {.names = "--isa",
       .value = "ISA",
       .help = "Highest CPU instruction set to use: scalar, avx2, avxvnni, avx512, avx512vnni, avx512bf16 or amx "
               "(default: the best available)",
       .place = &arguments.isa,
       .completes = Completes::kChoices,
       .choices = sets},
      threads_argument(arguments.threads),
      {.names = "--ctx",
       .value = "N",
       .help = "Context length in tokens (default: the trained length, or what fits into memory)",
       .place = &arguments.context,
       .greatest = kLongestContext},
      {.names = "--kv-type",
       .value = "TYPE",
       .help = "Type of the KV cache: F32, F16, BF16, Q8_0 or Q4_0 (default: F16; F32 for logits and perplexity)",
       .place = &arguments.kv_type,
       .completes = Completes::kChoices,
       .choices = kCacheTypes},
      {.names = "--kv-type-k",
       .value = "TYPE",
       .help = "Type of the keys alone (default: as --kv-type)",
       .place = &arguments.kv_type_k,
       .completes = Completes::kChoices,
       .choices = kCacheTypes},
      {.names = "--kv-type-v",
       .value = "TYPE",
       .help = "Type of the values alone (default: as --kv-type)",
       .place = &arguments.kv_type_v,
       .completes = Completes::kChoices,
       .choices = kCacheTypes},
      {.names = "--preload",
       .value = "",
       .help = "Read the whole model into memory before the first token",
       .place = &arguments.preload},
      {.names = "--mlock",
       .value = "",
       .help = "Lock the model in memory; implies --preload",
       .place = &arguments.mlock},
  };
}

LoadOptions load_options(const ModelArguments& arguments) {
  LoadOptions options;
  options.device = arguments.device;
  options.instruction_set = arguments.isa;
  options.threads = arguments.threads;
  options.context = static_cast<std::int64_t>(arguments.context);
  options.key_type = cache_type(arguments.kv_type_k, "--kv-type-k", arguments.kv_type);
  options.value_type = cache_type(arguments.kv_type_v, "--kv-type-v", arguments.kv_type);
  options.preload = arguments.preload;
  options.lock = arguments.mlock;
  return options;
}

Model load_model(const std::string& path, const ModelArguments& arguments) {
  LoadOptions options = load_options(arguments);
  ProgressBar bar;
  options.on_progress = [&bar](const LoadProgress& progress) {
    bar.show(progress.done, progress.total, progress.what);
  };
  Model model = Model::load(path, options);
  if (options.preload || options.lock) {
    log::info("the whole model is in memory{}", options.lock ? " and stays there" : "");
  }
  return model;
}

engine::RunnerOptions runner_options(const ModelArguments& arguments) {
  engine::RunnerOptions options = engine::runner_options(load_options(arguments));
  const auto bar = std::make_shared<ProgressBar>();
  options.on_progress = [bar](std::uint64_t done, std::uint64_t total, std::string_view what) {
    bar->show(done, total, what);
  };
  // Without these options the command chooses the type.
  if (arguments.kv_type.empty() && arguments.kv_type_k.empty()) options.key_format = nullptr;
  if (arguments.kv_type.empty() && arguments.kv_type_v.empty()) options.value_format = nullptr;
  return options;
}

void report_load(const ModelInfo& info, const std::string& name) {
  log::info("{}: {}", printable(name), info.name.empty() ? info.description : printable(info.name));
  for (const std::string& line : info.placement) log::info("{}", line);
  log::info("context {} ({}), {} for keys and values, {} for work", info.context, info.context_reason,
            format_bytes(info.cache_bytes), format_bytes(info.work_bytes));
  log::info("{} of weights bound in {:.2f} s", format_bytes(info.weight_bytes), info.load_seconds);
}

engine::Runner load_runner(const gguf::File& file, const engine::RunnerOptions& options) {
  engine::Runner runner(file, options);
  report_runner(runner);
  return runner;
}

std::vector<std::int32_t> read_tokens(const std::string& path) {
  const FileText file(path);
  const nlohmann::json json = parse_json(file.text(), path);
  file.check_intact();
  const nlohmann::json* list = &json;
  if (json.is_object()) {
    const auto found = json.find("tokens");
    if (found == json.end()) throw error(ErrorCode::kMalformed, "{}: no field 'tokens'", path);
    list = &*found;
  }
  if (!list->is_array()) throw error(ErrorCode::kMalformed, "{}: 'tokens' is not a list of ids", path);
  std::vector<std::int32_t> tokens;
  for (const nlohmann::json& item : *list) {
    if (!item.is_number_integer() || item < 0 || item > std::numeric_limits<std::int32_t>::max()) {
      throw error(ErrorCode::kMalformed, "{}: token {} is {}, expected an id", path, tokens.size(),
                  printable(dump_json(item), 40));
    }
    tokens.push_back(item.get<std::int32_t>());
  }
  if (tokens.empty()) throw error(ErrorCode::kUsage, "{}: no tokens", path);
  return tokens;
}

}  // namespace rocmforge::cli
