#include "cli/model_writing.h"

#include <csignal>

#include <fmt/format.h>

#include "base/error.h"

namespace rocmforge::cli {
namespace {

std::atomic<bool> interrupted = false;
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler sets it");

void on_interrupt(int signal) {
  if (interrupted.exchange(true)) std::signal(signal, SIG_DFL), std::raise(signal);
}

// Sets no SA_RESTART, so that the signal also ends blocking calls, such as a write to a pipe.
void catch_interrupts() {
  struct sigaction action = {};
  action.sa_handler = on_interrupt;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

}  // namespace

Argument output_argument(std::string& output) {
  return {.names = "OUT",
          .value = "OUT",
          .help = "File to write; an existing file is replaced once the new one is complete",
          .place = &output,
          .required = true,
          .completes = Completes::kFile};
}

void write_unless_interrupted(const std::string& output,
                              const std::function<void(const std::atomic<bool>& interrupted)>& write) {
  catch_interrupts();
  try {
    write(interrupted);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kCancelled) throw;
    throw Error(ErrorCode::kCancelled, fmt::format("interrupted; {} was not written", output));
  }
}

}  // namespace rocmforge::cli
