// The arguments of commands that generate text: number of tokens, sampling and stop conditions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "rocmforge/model.h"

namespace rocmforge::cli {

struct SamplingArguments {
  std::optional<int> new_tokens;
  SamplingOptions options;
  std::optional<std::string> samplers;
  std::vector<std::string> dry_sequence_breakers;
  std::vector<std::string> logit_bias;
  std::vector<std::string> stop;
  bool context_shift = false;
};

// Returns the arguments for the command's list. They store their values in `arguments`, which must outlive them.
// `most`: the default of -n, for the help.
std::vector<Argument> sampling_arguments(SamplingArguments& arguments, std::string_view most);

// Converts the arguments to options. Throws Error if one is invalid.
GenerationOptions generation_options(const SamplingArguments& arguments);

}  // namespace rocmforge::cli
