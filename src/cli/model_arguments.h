// What every command that loads a model takes: which model, on which device, with how long a context.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/command.h"
#include "engine/runner.h"
#include "rocmforge/model.h"

namespace rocmforge::cli {

struct ModelArguments {
  std::string model;
  std::string device = "auto";
  std::string isa;
  int threads = 0;
  std::uint64_t context = 0;
  std::string kv_type;
  std::string kv_type_k;
  std::string kv_type_v;
  bool preload = false;
  bool mlock = false;
};

// The arguments for the command's list; the model is left out where the command has a way of its own to name it.
std::vector<Argument> device_arguments(ModelArguments& arguments);
Argument model_argument(ModelArguments& arguments);

// What they mean. An Error for a name that is none.
LoadOptions load_options(const ModelArguments& arguments);
// The same for a runner, with a bar on the terminal that shows how loading goes.
engine::RunnerOptions runner_options(const ModelArguments& arguments);

// Loads it with such a bar.
Model load_model(const std::string& path, const ModelArguments& arguments);

// Says in the log what was loaded and where it runs.
engine::Runner load_runner(const gguf::File& file, const engine::RunnerOptions& options);

// The same of a model that the library has loaded, and that the user named so.
void report_load(const ModelInfo& info, const std::string& name);

// Reads `{"tokens":[…]}`, or the list alone. Throws Error if the file holds anything else, or no token.
std::vector<std::int32_t> read_tokens(const std::string& path);

}  // namespace rocmforge::cli
