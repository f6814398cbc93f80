// What the output can show: colour and width, and a bar for work that takes a while.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string_view>

#include "base/error.h"

namespace rocmforge::cli {

bool is_terminal(std::FILE* stream);

// A terminal that can do more than show text and end lines: not TERM=dumb.
bool understands_escapes(std::FILE* stream);

// The terminal's width; 0 where the stream is none, or does not say.
int columns_of_terminal(std::FILE* stream);

// Escape sequences; all empty where the stream does not understand them or NO_COLOR is set.
struct TerminalStyle {
  std::string_view bold;
  std::string_view dim;
  std::string_view red;
  std::string_view reset;
};
TerminalStyle style_of(std::FILE* stream);

// Writes the text, and gives up in silence where that fails: for what accompanies the work, such as errors and progress.
void print_if_possible(std::FILE* stream, std::string_view text) noexcept;

// "error: …", and below it "hint:  …" where there is one. What they quote cannot command the terminal. Never throws: an
// error that cannot be shown still has its exit status.
void print_error(std::FILE* stream, const Error& error) noexcept;

// A line on standard error that is drawn over, ten times a second at most; nothing where that is no terminal. Not
// thread-safe.
class ProgressBar {
 public:
  ProgressBar();
  ~ProgressBar();  // leaves an empty line behind
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  // So much was there before: it counts as done, not as speed.
  void start_from(std::uint64_t done);

  // done of total bytes; what: the tensor, say.
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
