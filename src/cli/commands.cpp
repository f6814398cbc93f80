#include "cli/commands.h"

namespace rocmforge::cli {

std::vector<Command> all_commands() {
  return {
      inspect_command(),    dequantize_command(), quantize_command(),   tokenize_command(),
      detokenize_command(), render_command(),     completion_command(),
  };
}

}  // namespace rocmforge::cli
