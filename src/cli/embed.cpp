// `rocmforge embed`: computes embeddings of texts.
#include <cstdio>
#include <memory>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/json_lines.h"
#include "cli/model_arguments.h"
#include "cli/model_source.h"
#include "rocmforge/model.h"

namespace rocmforge::cli {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t kMostTextBytes = std::size_t{256} << 20;

struct EmbedArguments {
  ModelArguments model;
  std::string pooling;
  std::optional<std::string> text;
  bool lines = false;
  bool no_normalize = false;
};

Pooling pooling_of(const std::string& name) {
  if (name.empty()) return Pooling::kFromFile;
  if (equal_ignoring_case(name, "mean")) return Pooling::kMean;
  if (equal_ignoring_case(name, "cls")) return Pooling::kFirst;
  if (equal_ignoring_case(name, "last")) return Pooling::kLast;
  throw error(ErrorCode::kUsage, "--pooling {}: expected mean, cls or last", printable(name));
}

void embed(const EmbedArguments& arguments) {
  if (arguments.lines && arguments.text) throw error(ErrorCode::kUsage, "--text and --jsonl exclude each other");
  const EmbedOptions options{.pooling = pooling_of(arguments.pooling), .normalize = !arguments.no_normalize};
  Model model = load_model(path_of_model(arguments.model.model), arguments.model);
  report_load(model.info(), arguments.model.model);
  model.check_embeds(options);
  const auto answer = [&](const std::string& text) { return ordered_json{{"embedding", model.embed(text, options)}}; };
  if (arguments.lines) {
    answer_json_lines([&](const ordered_json& line) { return answer(text_field(line, "text")); });
  } else {
    fmt::print("{}\n", dump_json(answer(input_of(arguments.text, kMostTextBytes))));
  }
}

}  // namespace

Command embed_command() {
  const auto arguments = std::make_shared<EmbedArguments>();
  std::vector<Argument> list = {
      model_argument(arguments->model),
      {.names = "--jsonl",
       .value = "",
       .help = "Read lines {\"text\":…} and answer each with {\"embedding\":[…]}",
       .place = &arguments->lines},
      {.names = "--text", .value = "TEXT", .help = "The text (default: standard input)", .place = &arguments->text},
      {.names = "--pooling",
       .value = "HOW",
       .help = "How to combine the tokens' vectors: mean, cls (the first) or last (default: as the file specifies)",
       .place = &arguments->pooling,
       .completes = Completes::kChoices,
       .choices = {"mean", "cls", "last"}},
      {.names = "--no-normalize",
       .value = "",
       .help = "Do not scale the vectors to length 1",
       .place = &arguments->no_normalize},
  };
  for (Argument& argument : device_arguments(arguments->model)) list.push_back(std::move(argument));
  return {
      .name = "embed",
      .summary = "Compute embeddings of texts",
      .details =
          "The vector of a text is pooled from the hidden states of its tokens, after the\n"
          "last norm, and multiplied by the projections that some files have for it. A text\n"
          "longer than the context is an error; with --jsonl only for its own line.",
      .examples =
          "  rocmforge embed -m model.gguf --text \"a text\"\n"
          "  rocmforge embed -m model.gguf --jsonl <texts.jsonl >vectors.jsonl",
      .arguments = std::move(list),
      .run = [arguments] { embed(*arguments); },
  };
}

}  // namespace rocmforge::cli
