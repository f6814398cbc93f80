// The arguments of commands that load a model: the model, the device, the context and the KV cache.
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

// Returns the arguments for the command's list. model_argument() is separate, because some commands name the model in
// another way.
std::vector<Argument> device_arguments(ModelArguments& arguments);
Argument model_argument(ModelArguments& arguments);
// Also for commands that compute without a model.
Argument threads_argument(int& threads);

// Converts the arguments to options. Throws Error if a value is invalid.
LoadOptions load_options(const ModelArguments& arguments);
// Converts the arguments to options of a runner, with a progress bar for loading.
engine::RunnerOptions runner_options(const ModelArguments& arguments);

// Loads the model with a progress bar.
Model load_model(const std::string& path, const ModelArguments& arguments);

// Loads the model and logs what was loaded and where it runs.
engine::Runner load_runner(const gguf::File& file, const engine::RunnerOptions& options);

// Logs what was loaded and where it runs. `name`: the model as the user named it.
void report_load(const ModelInfo& info, const std::string& name);

// Reads `{"tokens":[…]}`, or the list alone. Throws Error if the file holds anything else, or no token.
std::vector<std::int32_t> read_tokens(const std::string& path);

}  // namespace rocmforge::cli
