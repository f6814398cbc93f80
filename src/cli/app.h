// Runs the program: parses the arguments, runs the command and returns the exit code.
#pragma once

namespace rocmforge::cli {

inline constexpr int kSuccess = 0;
inline constexpr int kFailure = 1;
inline constexpr int kUsageError = 2;
inline constexpr int kInterruptedExit = 130;  // by Ctrl-C

int run_program(int argc, const char* const* argv);

}  // namespace rocmforge::cli
