// Detects what a terminal can show, and prints errors and progress bars.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string_view>

#include "base/error.h"

namespace rocmforge::cli {

bool is_terminal(std::FILE* stream);

// Returns whether the stream is a terminal that understands escape sequences, that is, not TERM=dumb.
bool understands_escapes(std::FILE* stream);

// Returns the terminal's width; 0 if the stream is not a terminal or its width is unknown.
int columns_of_terminal(std::FILE* stream);

// Escape sequences; all are empty if the stream does not understand them or NO_COLOR is set.
struct TerminalStyle {
  std::string_view bold;
  std::string_view dim;
  std::string_view red;
  std::string_view reset;
};
TerminalStyle style_of(std::FILE* stream);

// Writes the text and ignores failures. For secondary output, such as errors and progress.
void print_if_possible(std::FILE* stream, std::string_view text) noexcept;

// Prints "error: …" and, if there is a hint, "hint:  …" below it. Control characters in them are shown, not sent to the
// terminal. Never throws, so that the exit status is right even if the error cannot be shown.
void print_error(std::FILE* stream, const Error& error) noexcept;

// A progress bar on standard error, redrawn at most ten times per second. Shows nothing if standard error is not a
// terminal. Not thread-safe.
class ProgressBar {
 public:
  ProgressBar();
  ~ProgressBar();  // erases the bar
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  // Sets the number of bytes that were done before; they do not count for the speed.
  void start_from(std::uint64_t done);

  // Shows `done` of `total` bytes. what: a label, such as the tensor's name.
  void show(std::uint64_t done, std::uint64_t total, std::string_view what);

 private:
  using Clock = std::chrono::steady_clock;

  bool visible_;
  bool drawn_ = false;
  std::uint64_t before_ = 0;
  Clock::time_point start_ = Clock::now();
  Clock::time_point last_draw_;
};

}  // namespace rocmforge::cli
