// `rocmforge quantize`: writes a model in another format.
#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/cpu_count.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/model_arguments.h"
#include "cli/model_source.h"
#include "cli/model_writing.h"
#include "cli/terminal.h"
#include "convert/quantize.h"

namespace rocmforge::cli {
namespace {

struct QuantizeArguments {
  std::string input;
  std::string output;
  std::string type;
  std::string imatrix;
  std::string split_size;
  std::vector<std::string> tensor_rules;
  int threads = 0;
  bool pure = false;
  bool keep_output = false;
  bool allow_requantize = false;
  bool dry_run = false;
  bool json = false;
};

// ---- The plan ----

convert::QuantizePlan make_plan(const QuantizeArguments& arguments, const convert::Target& target,
                                const gguf::File& input, bool has_imatrix) {
  convert::PlanOptions options{.keep_output = arguments.keep_output, .has_imatrix = has_imatrix};
  for (const std::string& rule : arguments.tensor_rules) {
    options.tensor_rules.push_back(convert::parse_tensor_rule(rule));
  }
  return convert::plan_quantization(convert::tensors_of(input), convert::traits_of(input), target, options);
}

// Returns why the plan cannot be carried out, or an empty string if it can.
std::string obstacle(const convert::QuantizePlan& plan, const convert::QuantizeOptions& options) {
  try {
    convert::check_feasible(plan, options);
    return "";
  } catch (const Error& error) {
    return error.message();
  }
}

void print_plan(const convert::QuantizePlan& plan, const convert::QuantizeOptions& options) {
  fmt::print("  {:<30} {:>16}  {:<17} {:>10}\n", "tensor", "shape", "format", "size");
  for (const convert::PlannedTensor& tensor : plan.tensors) {
    const std::string change = tensor.is_copied()
                                   ? fmt::format("{}", tensor.target->name)
                                   : fmt::format("{} -> {}", tensor.source.format->name, tensor.target->name);
    fmt::print("  {:<30} {:>16}  {:<17} {:>10}\n", printable(tensor.source.name), to_string(tensor.source.shape),
               change, format_bytes(tensor.target_bytes()));
  }
  fmt::print("\n{}: {} -> {}, {:.4f} bits per weight\n", plan.target.name(), format_bytes(plan.source_bytes()),
             format_bytes(plan.target_bytes()), plan.bits_per_weight());
  const std::string lacking = obstacle(plan, options);
  if (!lacking.empty()) fmt::print("not possible as it is: {}\n", lacking);
}

void print_plan_json(const convert::QuantizePlan& plan, const convert::QuantizeOptions& options) {
  nlohmann::json tensors = nlohmann::json::array();
  for (const convert::PlannedTensor& tensor : plan.tensors) {
    tensors.push_back({{"name", tensor.source.name},
                       {"shape", tensor.source.shape.dimensions()},
                       {"from", tensor.source.format->name},
                       {"to", tensor.target->name},
                       {"bytes", tensor.target_bytes()},
                       {"did_not_fit", tensor.did_not_fit == nullptr ? nlohmann::json(nullptr)
                                                                     : nlohmann::json(tensor.did_not_fit->name)},
                       {"needs_importance", tensor.needs_importance}});
  }
  const std::string lacking = obstacle(plan, options);
  const auto file_type = plan.target.file_type();
  const nlohmann::json json = {{"type", plan.target.name()},
                               {"file_type", file_type ? nlohmann::json(*file_type) : nlohmann::json(nullptr)},
                               {"source_bytes", plan.source_bytes()},
                               {"bytes", plan.target_bytes()},
                               {"parameters", plan.elements()},
                               {"bits_per_weight", plan.bits_per_weight()},
                               {"obstacle", lacking.empty() ? nlohmann::json(nullptr) : nlohmann::json(lacking)},
                               {"tensors", std::move(tensors)}};
  fmt::print("{}\n", dump_json(json, 2));
}

// Logs one warning per pair of formats, with the first tensor, because a model may have hundreds of such tensors.
void report_fallbacks(const convert::QuantizePlan& plan) {
  std::map<std::pair<std::string_view, std::string_view>, std::vector<const convert::PlannedTensor*>> replaced;
  for (const convert::PlannedTensor& tensor : plan.tensors) {
    if (tensor.did_not_fit != nullptr) replaced[{tensor.did_not_fit->name, tensor.target->name}].push_back(&tensor);
  }
  for (const auto& [formats, tensors] : replaced) {
    const convert::PlannedTensor& first = *tensors.front();
    const std::string others = tensors.size() > 1 ? fmt::format(" and {} more", tensors.size() - 1) : "";
    log::warning("{}{}: rows of {} are no multiple of {}'s {}; stored as {}", printable(first.source.name), others,
                 first.source.shape.row_length(), formats.first, first.did_not_fit->block_values, formats.second);
  }
}

// Returns the size of the written files. A pipe counts as 0.
std::uint64_t bytes_of(const std::vector<std::string>& files) {
  std::uint64_t sum = 0;
  for (const std::string& file : files) {
    std::error_code failure;
    const std::uintmax_t size = std::filesystem::file_size(file, failure);
    if (!failure) sum += size;
  }
  return sum;
}

void report_done(const convert::QuantizePlan& plan, const std::vector<std::string>& files, double seconds) {
  fmt::print("{}{}: {}, {:.4f} bits per weight, in {:.1f} s\n", files.front(),
             files.size() > 1 ? fmt::format(" and {} more", files.size() - 1) : "", format_bytes(bytes_of(files)),
             plan.bits_per_weight(), seconds);
  const auto own = plan.formats_of_our_own();
  if (!own.empty()) log::info("other programs cannot read this file: {} is ROCmForge's own", fmt::join(own, ", "));
}

std::uint64_t split_bytes_of(const QuantizeArguments& arguments) {
  if (arguments.split_size.empty()) return 0;
  const std::uint64_t bytes = parse_byte_size(arguments.split_size);
  if (bytes == 0) throw error(ErrorCode::kUsage, "--split-max-size {}: expected at least a byte", arguments.split_size);
  return bytes;
}

void quantize(const QuantizeArguments& arguments) {
  const convert::Target target = convert::parse_target(arguments.type, arguments.pure);  // an error before any work
  const gguf::File input = gguf::File::open(path_of_model(arguments.input));
  const auto importance =
      arguments.imatrix.empty() ? std::nullopt : std::optional(convert::ImportanceMatrix::load(arguments.imatrix));
  convert::QuantizeOptions options{
      .importance = importance ? &*importance : nullptr,
      .allow_requantize = arguments.allow_requantize,
      .threads = arguments.threads > 0 ? arguments.threads : default_threads(),
      .split_bytes = split_bytes_of(arguments),
  };
  const convert::QuantizePlan plan = make_plan(arguments, target, input, importance && importance->entries() > 0);
  if (!arguments.dry_run) {
    convert::check_feasible(plan, options);
    input.refuse_to_overwrite(arguments.output);
  }
  if (!arguments.json) report_fallbacks(plan);
  if (arguments.dry_run) return arguments.json ? print_plan_json(plan, options) : print_plan(plan, options);

  const auto start = std::chrono::steady_clock::now();
  std::vector<std::string> files;
  write_unless_interrupted(arguments.output, [&](const std::atomic<bool>& interrupted) {
    ProgressBar bar;
    options.cancel = &interrupted;
    options.on_progress = [&bar](const convert::QuantizeProgress& progress) {
      bar.show(progress.done_bytes, progress.total_bytes, progress.tensor);
    };
    files = convert::quantize(input, plan, arguments.output, options);
  });
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (arguments.json) return print_plan_json(plan, options);
  report_done(plan, files, seconds);
}

std::vector<std::string> type_names() {
  std::vector<std::string> names;
  for (const convert::Mix& mix : convert::mixes()) names.emplace_back(mix.name);
  for (const quant::Format& format : quant::formats()) {
    if (format.has_encoder && convert::find_mix(format.name) == nullptr) names.emplace_back(format.name);
  }
  return names;
}

std::string details() {
  std::string text = "TYPE is a mix of formats, named as in llama.cpp, or one format for all matrices:\n";
  std::string line = " ";
  for (const std::string& name : type_names()) {
    if (line.size() + name.size() + 1 > 78) {
      text += line + "\n";
      line = " ";
    }
    line += " " + name;
  }
  return text + line +
         "\n\nQ3_K, Q4_K and Q5_K mean Q3_K_M, Q4_K_M and Q5_K_M. With --pure TYPE is a\n"
         "format for all matrices. If rows do not fit a format's blocks, a similar format\n"
         "is used, with a warning. IQ1_S, IQ1_M, IQ2_XXS, IQ2_XS and mixes that need them\n"
         "can be planned but not written. Only ROCmForge reads MXFP6 and FP8.";
}

}  // namespace

Command quantize_command() {
  const auto arguments = std::make_shared<QuantizeArguments>();
  return {
      .name = "quantize",
      .summary = "Write a model in a smaller format",
      .details = details(),
      .examples =
          "  rocmforge quantize model-f16.gguf model-q4.gguf Q4_K_M\n"
          "  rocmforge quantize model-f16.gguf model.gguf IQ3_XXS --imatrix imatrix.gguf\n"
          "  rocmforge quantize model-f16.gguf model.gguf Q4_K --tensor 'ffn_down=Q6_K'\n"
          "  rocmforge quantize model-f16.gguf model-q2.gguf Q2_K --dry-run",
      .arguments =
          {{.names = "IN",
            .value = "IN",
            .help = "Model to quantize, ideally F16, BF16 or F32: a file, a name in the store, or hf:ORG/REPO:F16",
            .place = &arguments->input,
            .required = true,
            .completes = Completes::kFile},
           output_argument(arguments->output),
           {.names = "TYPE",
            .value = "TYPE",
            .help = "A mix such as Q4_K_M, or a format; see below",
            .place = &arguments->type,
            .required = true,
            .completes = Completes::kChoices,
            .choices = type_names()},
           {.names = "--pure", .value = "", .help = "Use the format TYPE for all matrices", .place = &arguments->pure},
           {.names = "--imatrix",
            .value = "FILE",
            .help = "Weight errors with this importance matrix (GGUF or the older format)",
            .place = &arguments->imatrix,
            .completes = Completes::kFile},
           {.names = "--tensor",
            .value = "PATTERN=TYPE",
            .help = "Store tensors whose names match the regular expression as TYPE; can be repeated",
            .place = &arguments->tensor_rules},
           {.names = "--keep-output",
            .value = "",
            .help = "Keep the format of output.weight",
            .place = &arguments->keep_output},
           {.names = "--allow-requantize",
            .value = "",
            .help = "Allow an input that is already quantized",
            .place = &arguments->allow_requantize},
           {.names = "--split-max-size",
            .value = "SIZE",
            .help = "Write several files of at most SIZE (2G, 500M) of tensors each",
            .place = &arguments->split_size},
           threads_argument(arguments->threads),
           {.names = "--dry-run",
            .value = "",
            .help = "Print the plan with sizes and write nothing",
            .place = &arguments->dry_run},
           {.names = "--json", .value = "", .help = "Print the plan as JSON", .place = &arguments->json}},
      .run = [arguments] { quantize(*arguments); },
  };
}

}  // namespace rocmforge::cli
