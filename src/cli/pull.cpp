// `rocmforge pull`: fetches a model into the store.
#include <memory>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/demo_model.h"
#include "cli/store_access.h"

namespace rocmforge::cli {
namespace {

struct PullArguments {
  PullRequest request;
  bool json = false;
};

void print_json(const store::PullResult& result, const std::string& path) {
  const nlohmann::ordered_json json = {{"name", result.model.name},     {"path", path},
                                       {"source", result.model.source}, {"files", result.model.files.size()},
                                       {"bytes", result.model.size()},  {"bytes_fetched", result.fetched},
                                       {"was_there", result.was_there}};
  fmt::print("{}\n", dump_json(json, 2));
}

void pull(const PullArguments& arguments) {
  if (arguments.request.name == kDemoModel) {
    throw error(ErrorCode::kUsage, "--name {}: that is the model that is built in", kDemoModel);
  }
  const store::ModelStore store = open_store();
  const store::PullResult result = pull_with_progress(store, arguments.request);
  const std::string path = store.file_of(result.model).string();
  if (arguments.json) return print_json(result, path);
  if (result.was_there) log::info("{}: nothing has changed since it was pulled", result.model.name);
  fmt::print("{}: {} in {}\n", result.model.name, format_bytes(result.model.size()), path);
}

}  // namespace

Command pull_command() {
  const auto arguments = std::make_shared<PullArguments>();
  return {
      .name = "pull",
      .summary = "Fetch a model into the store",
      .details =
          "SOURCE is hf:ORG/REPO, with :QUANT or :FILE if the repository has several\n"
          "models; an https: address; or a file, which is copied. Every command that takes\n"
          "a MODEL then accepts its name; `rocmforge run REPO` is enough if REPO is unique.\n"
          "\n"
          "The same command continues an interrupted download. Files are checked against\n"
          "the hub's SHA-256 before they get their name. HF_TOKEN is sent only to the hub.\n"
          "HF_ENDPOINT sets another hub, https_proxy a proxy. Models are stored below\n"
          "~/.local/share/rocmforge (or in $XDG_DATA_HOME), or in $ROCMFORGE_MODELS.",
      .examples =
          "  rocmforge pull hf:ggml-org/gemma-3-1b-it-GGUF\n"
          "  rocmforge pull hf:unsloth/Qwen3-8B-GGUF:Q5_K_M --name qwen\n"
          "  rocmforge pull https://example.org/model-Q4_K_M.gguf\n"
          "  rocmforge pull ~/Downloads/model.gguf --name mine",
      .arguments = {{.names = "SOURCE",
                     .value = "SOURCE",
                     .help = "Source of the model, see below",
                     .place = &arguments->request.source,
                     .required = true,
                     .completes = Completes::kFile},
                    {.names = "--name",
                     .value = "NAME",
                     .help = "Name in the store (default: derived from the source)",
                     .place = &arguments->request.name},
                    {.names = "--hub",
                     .value = "URL",
                     .help = "Mirror of huggingface.co to use, also http: (default: $HF_ENDPOINT or huggingface.co)",
                     .place = &arguments->request.hub},
                    {.names = "--connections",
                     .value = "N",
                     .help = "Parts of a file to fetch at the same time, 1 to 16 (default: 4)",
                     .place = &arguments->request.connections,
                     .greatest = 16},
                    {.names = "--json", .value = "", .help = "Print the result as JSON", .place = &arguments->json}},
      .run = [arguments] { pull(*arguments); },
  };
}

}  // namespace rocmforge::cli
