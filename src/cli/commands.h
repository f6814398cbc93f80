// The table of commands.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "cli/command.h"

namespace rocmforge::cli {

// Creates all commands. Each call creates new variables for the parsed values.
std::vector<Command> all_commands();

std::vector<std::string_view> command_names(std::span<const Command> commands);

// Each command is in the file with its name.
Command inspect_command();
Command dequantize_command();
Command quantize_command();
Command convert_command();
Command tokenize_command();
Command detokenize_command();
Command render_command();
Command run_command();
Command logits_command();
Command bench_command();
Command perplexity_command();
Command embed_command();
Command pull_command();
Command models_command();
Command rm_command();
Command completion_command();

}  // namespace rocmforge::cli
