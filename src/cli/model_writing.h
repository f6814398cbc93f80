// Arguments and interruption handling of the commands that write a model file.
#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "cli/command.h"

namespace rocmforge::cli {

Argument output_argument(std::string& output);

// Runs `write`, which must create `output` and throw an Error with code kCancelled when its flag becomes true. The
// first Ctrl-C or SIGTERM sets the flag, even after this function has returned; the second ends the program
// immediately.
void write_unless_interrupted(const std::string& output,
                              const std::function<void(const std::atomic<bool>& interrupted)>& write);

}  // namespace rocmforge::cli
