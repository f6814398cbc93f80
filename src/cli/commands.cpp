#include "cli/commands.h"

namespace rocmforge::cli {

std::vector<Command> all_commands() {
  return {
      run_command(),        inspect_command(), dequantize_command(), quantize_command(), tokenize_command(),
      detokenize_command(), render_command(),  logits_command(),     bench_command(),    completion_command(),
  };
}

}  // namespace rocmforge::cli
