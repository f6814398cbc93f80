// What commands that write a model's file share: where it goes, with how many threads, and what an interruption means.
#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "cli/command.h"

namespace rocmforge::cli {

Argument output_argument(std::string& output);
Argument threads_argument(int& threads);

// Runs `write`, which makes `output` and stops with an Error of the code kCancelled when its flag becomes true. The
// first Ctrl-C or SIGTERM sets that, also after the end of this; the second ends the program at once.
void write_unless_interrupted(const std::string& output,
                              const std::function<void(const std::atomic<bool>& interrupted)>& write);

}  // namespace rocmforge::cli
