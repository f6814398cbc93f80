// `rocmforge logits`: writes the logits that a model computes for given tokens.
#include <algorithm>
#include <memory>

#include "base/error.h"
#include "base/log.h"
#include "base/npy.h"
#include "cli/commands.h"
#include "cli/model_arguments.h"
#include "cli/model_source.h"

namespace rocmforge::cli {
namespace {

struct LogitsArguments {
  ModelArguments model;
  std::string tokens;
  std::string output;
  bool step = false;
};

// The largest number of logits per step.
constexpr std::int64_t kMostOutputValues = std::int64_t{1} << 26;
constexpr std::int64_t kMostStepTokens = 512;

// An encoder needs all tokens in one step. The results of a decoder do not depend on where a step ends.
int step_tokens_for(const gguf::File& file, std::int64_t tokens, bool step) {
  const models::DecoderSpec spec = models::describe(file).spec;
  if (spec.is_encoder()) {
    if (step) log::info("an encoder has no steps: all tokens are computed in one pass");
    return static_cast<int>(tokens);
  }
  if (step) return 1;
  const std::int64_t rows = std::max<std::int64_t>(1, kMostOutputValues / spec.vocabulary);
  return static_cast<int>(std::min({tokens, rows, kMostStepTokens}));
}

// Returns the decoder's input. In an encoder-decoder model the encoder first reads the tokens; the decoder's input is
// then its start token and all tokens except the last.
std::vector<std::int32_t> tokens_of_decoder(engine::Runner& runner, kv::SequenceId sequence,
                                            const std::vector<std::int32_t>& tokens) {
  if (runner.spec().encoder == nullptr || tokens.empty()) return tokens;
  runner.encode(sequence, tokens);
  std::vector<std::int32_t> shifted = {runner.spec().start_token};
  shifted.insert(shifted.end(), tokens.begin(), tokens.end() - 1);
  return shifted;
}

void write_logits(engine::Runner& runner, const std::vector<std::int32_t>& given, const std::string& path) {
  const auto sequence = runner.start();
  const std::vector<std::int32_t> tokens = tokens_of_decoder(runner, sequence->id, given);
  const std::vector<std::size_t> shape = {tokens.size(), static_cast<std::size_t>(runner.output_columns())};
  NpyWriter writer(path, shape);
  const auto at_a_time = static_cast<std::size_t>(runner.step_tokens());
  for (std::size_t done = 0; done < tokens.size(); done += at_a_time) {
    const auto part = std::span(tokens).subspan(done, std::min(at_a_time, tokens.size() - done));
    const engine::StepItem item{sequence->id, part, engine::Wanted::kAll};
    RF_CHECK(runner.run({&item, 1}));  // the cache was made for these tokens
    for (int row = 0; row < runner.output_rows(); ++row) writer.append(runner.output(row));
  }
  writer.commit();
}

void logits(const LogitsArguments& arguments) {
  engine::RunnerOptions options = runner_options(arguments.model);
  const std::vector<std::int32_t> tokens = read_tokens(arguments.tokens);
  const gguf::File file = gguf::File::open(path_of_model(arguments.model.model));
  file.refuse_to_overwrite(arguments.output);
  const auto count = static_cast<std::int64_t>(tokens.size());
  if (options.context == 0) options.context = std::max<std::int64_t>(count, 1);
  if (count > options.context) {
    throw error(ErrorCode::kUsage, "{}: {} tokens, but --ctx is {}", arguments.tokens, count, options.context);
  }
  const quant::Format* f32 = &quant::format_of(quant::FormatId::kF32);
  if (options.key_format == nullptr) options.key_format = f32;
  if (options.value_format == nullptr) options.value_format = f32;
  options.step_tokens = std::max(1, step_tokens_for(file, count, arguments.step));
  options.logit_rows = options.step_tokens;
  engine::Runner runner = load_runner(file, options);
  runner.check_tokens(tokens, arguments.tokens);
  write_logits(runner, tokens, arguments.output);
}

}  // namespace

Command logits_command() {
  const auto arguments = std::make_shared<LogitsArguments>();
  std::vector<Argument> list = {
      model_argument(arguments->model),
      {.names = "--tokens",
       .value = "F.json",
       .help = "File with the token ids: {\"tokens\":[…]}",
       .place = &arguments->tokens,
       .required = true,
       .completes = Completes::kFile},
      {.names = "--out",
       .value = "F.npy",
       .help = "File to write; an existing file is replaced",
       .place = &arguments->output,
       .required = true,
       .completes = Completes::kFile},
      {.names = "--step",
       .value = "",
       .help = "Compute one token per step, as in generation",
       .place = &arguments->step},
  };
  for (Argument& argument : device_arguments(arguments->model)) list.push_back(std::move(argument));
  return {
      .name = "logits",
      .summary = "Write the logits of all positions for given tokens",
      .details =
          "Writes float32 [tokens, vocabulary] to a NumPy file; for an encoder its last\n"
          "hidden states, [tokens, width]. In an encoder-decoder model the encoder reads\n"
          "the tokens, and the decoder reads its start token and then the same tokens\n"
          "except the last. By default the context is as long as the tokens need, and the\n"
          "KV cache is F32.",
      .examples =
          "  rocmforge logits -m model.gguf --tokens t.json --out logits.npy\n"
          "  rocmforge logits -m model.gguf --tokens t.json --out ref.npy --device ref",
      .arguments = std::move(list),
      .run = [arguments] { logits(*arguments); },
  };
}

}  // namespace rocmforge::cli
