#include "cli/commands.h"

namespace rocmforge::cli {

std::vector<Command> all_commands() {
  return {
      run_command(),      embed_command(),   perplexity_command(), inspect_command(),
      quantize_command(), convert_command(), dequantize_command(), logits_command(),
      bench_command(),    render_command(),  tokenize_command(),   detokenize_command(),
      pull_command(),     models_command(),  rm_command(),         completion_command(),
  };
}

std::vector<std::string_view> command_names(std::span<const Command> commands) {
  std::vector<std::string_view> names;
  for (const Command& command : commands) names.push_back(command.name);
  return names;
}

}  // namespace rocmforge::cli
