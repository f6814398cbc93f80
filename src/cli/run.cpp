// `rocmforge run`: continues a prompt.
#include <cstdio>
#include <memory>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/model_arguments.h"
#include "rocmforge/model.h"

namespace rocmforge::cli {
namespace {

constexpr std::uint64_t kMostNewTokens = std::uint64_t{1} << 30;

struct RunArguments {
  ModelArguments model;
  std::string positional_model;
  std::string tokens;
  std::uint64_t new_tokens = 128;
  bool raw = false;
};

void run(const RunArguments& arguments) {
  if (!arguments.model.model.empty() && !arguments.positional_model.empty()) {
    throw error(ErrorCode::kUsage, "the model is given twice: {} and -m {}", arguments.positional_model,
                arguments.model.model);
  }
  const std::string& path = arguments.model.model.empty() ? arguments.positional_model : arguments.model.model;
  if (path.empty()) throw error(ErrorCode::kUsage, "no model is given");
  if (!arguments.raw || arguments.tokens.empty()) {
    throw error(ErrorCode::kUsage, "this version continues tokens only: --raw --tokens F.json");
  }
  if (arguments.new_tokens < 1 || arguments.new_tokens > kMostNewTokens) {
    throw error(ErrorCode::kUsage, "-n {}: expected 1 to {}", arguments.new_tokens, kMostNewTokens);
  }
  const std::vector<std::int32_t> prompt = read_tokens(arguments.tokens);
  Model model = Model::load(path, load_options(arguments.model));
  check_tokens(prompt, model.info().vocabulary, arguments.tokens);
  GenerationOptions options;
  options.max_tokens = static_cast<int>(arguments.new_tokens);
  options.sampling.temperature = 0;
  std::vector<std::int32_t> ids;
  const Generation done = model.generate_from(prompt, options, [&](const Piece& piece) {
    fmt::print("{}", piece.text);
    for (const GeneratedToken& token : piece.tokens) ids.push_back(token.token);
    return std::fflush(stdout) == 0;
  });
  if (!model.info().has_tokenizer) fmt::print("{}", ids);
  fmt::print("\n");
  if (done.finish == FinishReason::kContext) {
    log::info("the context of {} is full; --ctx makes it longer", model.info().context);
  }
}

}  // namespace

Command run_command() {
  const auto arguments = std::make_shared<RunArguments>();
  Argument model = model_argument(arguments->model);
  model.required = false;
  std::vector<Argument> list = {
      {.names = "MODEL",
       .value = "MODEL",
       .help = "A GGUF file; of a split model any one of its files",
       .place = &arguments->positional_model,
       .completes = Completes::kFile},
      std::move(model),
      {.names = "--raw", .value = "", .help = "Without the model's chat template", .place = &arguments->raw},
      {.names = "--tokens",
       .value = "F.json",
       .help = "The prompt as ids: {\"tokens\":[…]}",
       .place = &arguments->tokens,
       .completes = Completes::kFile},
      {.names = "-n", .value = "N", .help = "At most so many new tokens; 128", .place = &arguments->new_tokens},
  };
  for (Argument& argument : device_arguments(arguments->model)) list.push_back(std::move(argument));
  return {
      .name = "run",
      .summary = "Continue a prompt",
      .details =
          "Takes the likeliest token each time. Prints text, or where the model has no\n"
          "tokenizer the new ids, as a JSON list. This version takes the prompt as ids\n"
          "only: --raw and --tokens are needed. A model with an encoder reads the prompt\n"
          "with that, and its decoder answers.",
      .examples = "  rocmforge run model.gguf --raw --tokens prompt.json -n 32",
      .arguments = std::move(list),
      .run = [arguments] { run(*arguments); },
  };
}

}  // namespace rocmforge::cli
