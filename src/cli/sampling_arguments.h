// What every command that generates takes: how many tokens, how each is drawn, and what ends it.
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

// The arguments for the command's list, which live in `arguments`. `most` says in the help what -n is if not given.
std::vector<Argument> sampling_arguments(SamplingArguments& arguments, std::string_view most);

// What they mean. An Error for what cannot be read.
GenerationOptions generation_options(const SamplingArguments& arguments);

}  // namespace rocmforge::cli
