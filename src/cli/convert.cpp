// `rocmforge convert`: converts a Hugging Face folder to a GGUF file.
#include "convert/hugging_face/convert.h"

#include <chrono>
#include <memory>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/cpu_count.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/model_arguments.h"
#include "cli/model_writing.h"
#include "cli/terminal.h"

namespace rocmforge::cli {
namespace {

struct ConvertArguments {
  std::string folder;
  std::string output;
  std::string type;
  int threads = 0;
  bool dequantize = false;
  bool json = false;
};

convert::ConvertResult write_model(const ConvertArguments& arguments) {
  convert::ConvertResult result;
  write_unless_interrupted(arguments.output, [&](const std::atomic<bool>& interrupted) {
    ProgressBar bar;
    convert::ConvertOptions options{
        .type = arguments.type,
        .dequantize = arguments.dequantize,
        .threads = arguments.threads > 0 ? arguments.threads : default_threads(),
        .cancel = &interrupted,
    };
    options.on_progress = [&bar](const convert::ConvertProgress& progress) {
      bar.show(progress.done_values, progress.total_values, progress.tensor);
    };
    result = convert::convert_folder(arguments.folder, arguments.output, options);
  });
  return result;
}

void convert_model(const ConvertArguments& arguments) {
  const auto start = std::chrono::steady_clock::now();
  const convert::ConvertResult result = write_model(arguments);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  for (const std::string& assumption : result.assumptions) log::warning("{}", printable(assumption, 400));
  if (!result.left_out.empty()) {
    log::info("{} tensors are no part of the language model and were left out, '{}' first", result.left_out.size(),
              printable(result.left_out.front()));
  }
  if (arguments.json) {
    const nlohmann::json json = {{"output", arguments.output},
                                 {"architecture", result.architecture},
                                 {"type", result.type},
                                 {"tensors", result.tensors},
                                 {"bytes", result.bytes},
                                 {"left_out", result.left_out},
                                 {"assumptions", result.assumptions}};
    fmt::print("{}\n", dump_json(json, 2));
    return;
  }
  fmt::print("{}: {}, {}, {} tensors, {}, in {:.1f} s\n", arguments.output, result.architecture, result.type,
             result.tensors, format_bytes(result.bytes), seconds);
}

}  // namespace

Command convert_command() {
  const auto arguments = std::make_shared<ConvertArguments>();
  return {
      .name = "convert",
      .summary = "Convert a Hugging Face folder to a GGUF file",
      .details =
          "HF_DIR holds config.json, model.safetensors or its shards with their index, and\n"
          "the tokenizer's files. By default weights keep the type of the checkpoint.\n"
          "MXFP4, MXFP6, NVFP4 and FP8 in blocks of 32 stay as they are; other FP8, GPTQ\n"
          "and AWQ become floats or Q4_0. A model without a tokenizer takes only token ids.",
      .examples =
          "  rocmforge convert Qwen3-0.6B qwen3.gguf\n"
          "  rocmforge convert Qwen3-0.6B qwen3-q8.gguf --type Q8_0\n"
          "  rocmforge convert gpt-oss-20b gpt-oss-bf16.gguf --type BF16 --dequantize",
      .arguments = {{.names = "HF_DIR",
                     .value = "HF_DIR",
                     .help = "Folder with the model",
                     .place = &arguments->folder,
                     .required = true,
                     .completes = Completes::kFile},
                    output_argument(arguments->output),
                    {.names = "--type",
                     .value = "TYPE",
                     .help = "F32, F16 or BF16 for floating-point weights, or a type of `quantize` (default: as in the "
                             "checkpoint)",
                     .place = &arguments->type,
                     .completes = Completes::kChoices,
                     .choices = {"F32", "F16", "BF16", "Q8_0", "Q6_K", "Q5_K_M", "Q4_K_M", "Q4_0"}},
                    {.names = "--dequantize",
                     .value = "",
                     .help = "Also convert MXFP4, MXFP6, FP8 and NVFP4 blocks to floats",
                     .place = &arguments->dequantize},
                    threads_argument(arguments->threads),
                    {.names = "--json", .value = "", .help = "Print the result as JSON", .place = &arguments->json}},
      .run = [arguments] { convert_model(*arguments); },
  };
}

}  // namespace rocmforge::cli
