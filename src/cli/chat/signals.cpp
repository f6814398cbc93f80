#include "cli/chat/signals.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <string_view>

#include "base/error.h"
#include "cli/app.h"

namespace rocmforge::cli {
namespace {

// Resets colours and turns off the marking of pasted text.
constexpr std::string_view kLeaveTerminal = "\x1b[0m\x1b[?2004l";
constexpr std::string_view kMarkPastes = "\x1b[?2004h";

constexpr std::array kEnding = {SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};
constexpr std::array kOthers = {SIGINT, SIGTSTP, SIGWINCH};

// The data of the signal handlers, which take no arguments.
struct HandlerState {
  ConversationTerminal terminal;
  bool has_modes = false;
  termios modes{};  // the original modes
  std::array<int, 2> pipe = {-1, -1};
  std::atomic<bool> interrupted = false;
  std::atomic<bool> redraw = false;
  std::array<struct sigaction, kEnding.size() + kOthers.size()> before{};
};
HandlerState state;
static_assert(std::atomic<bool>::is_always_lock_free);

// Functions that handlers call may only use async-signal-safe functions (POSIX).

void write_all(std::string_view text) {
  if (state.terminal.output < 0) return;
  // A failure cannot be reported here.
  [[maybe_unused]] const auto written = ::write(state.terminal.output, text.data(), text.size());
}

void restore_terminal() {
  if (state.has_modes) tcsetattr(state.terminal.input, TCSANOW, &state.modes);
  if (state.terminal.has_escapes) write_all(kLeaveTerminal);
}

void wake() {
  const int error_number = errno;
  const char byte = 0;
  [[maybe_unused]] const auto written = ::write(state.pipe[1], &byte, 1);
  errno = error_number;
}

// Reads what wake() has written.
void be_quiet() {
  std::array<char, 64> bytes{};
  while (read(state.pipe[0], bytes.data(), bytes.size()) > 0) continue;
}

void on_interrupt(int) {
  if (state.interrupted.exchange(true)) {
    restore_terminal();
    write_all("\n");
    _exit(kInterruptedExit);
  }
  wake();
}

void on_resize(int) {
  state.redraw = true;
  wake();
}

// The handler is removed when it runs (SA_RESETHAND), so raising the signal again has its default effect.
void on_end(int number) {
  restore_terminal();
  raise(number);
}

void handle(int number, void (*handler)(int), int flags);

void on_suspend(int) {
  const int error_number = errno;
  termios current{};
  const bool had_modes = state.has_modes && tcgetattr(state.terminal.input, &current) == 0;
  restore_terminal();
  // Suspend by the default action, which does nothing if no shell could continue the program.
  handle(SIGTSTP, SIG_DFL, 0);
  sigset_t suspend;
  sigemptyset(&suspend);
  sigaddset(&suspend, SIGTSTP);
  raise(SIGTSTP);
  sigprocmask(SIG_UNBLOCK, &suspend, nullptr);
  sigprocmask(SIG_BLOCK, &suspend, nullptr);
  handle(SIGTSTP, on_suspend, SA_RESTART);
  if (had_modes) tcsetattr(state.terminal.input, TCSANOW, &current);
  if (state.terminal.has_escapes) write_all(kMarkPastes);
  errno = error_number;
  on_resize(SIGWINCH);
}

void handle(int number, void (*handler)(int), int flags) {
  struct sigaction action{};
  action.sa_handler = handler;
  action.sa_flags = flags;
  sigemptyset(&action.sa_mask);
  sigaction(number, &action, nullptr);
}

// Signals that are ignored, as with nohup, stay ignored.
void handle_unless_ignored(int number, void (*handler)(int), int flags, struct sigaction& before) {
  sigaction(number, nullptr, &before);
  if (before.sa_handler != SIG_IGN) handle(number, handler, flags);
}

}  // namespace

Signals::Signals(const ConversationTerminal& terminal) {
  RF_CHECK(state.pipe[0] < 0);
  if (pipe2(state.pipe.data(), O_NONBLOCK | O_CLOEXEC) != 0) throw system_error("a pipe", "open", errno);
  state.terminal = terminal;
  state.has_modes = terminal.input >= 0 && tcgetattr(terminal.input, &state.modes) == 0;
  state.interrupted = false;
  state.redraw = false;
  auto before = state.before.begin();
  for (const int number : kEnding) handle_unless_ignored(number, on_end, SA_RESETHAND, *before++);
  handle_unless_ignored(SIGINT, on_interrupt, SA_RESTART, *before++);
  handle_unless_ignored(SIGTSTP, on_suspend, SA_RESTART, *before++);
  handle_unless_ignored(SIGWINCH, on_resize, SA_RESTART, *before++);
  if (terminal.has_escapes) write_all(kMarkPastes);
}

Signals::~Signals() {
  auto before = state.before.begin();
  for (const int number : kEnding) sigaction(number, &*before++, nullptr);
  for (const int number : kOthers) sigaction(number, &*before++, nullptr);
  restore_terminal();
  for (int& end : state.pipe) {
    close(end);
    end = -1;
  }
}

bool Signals::take_interrupt() { return state.interrupted.exchange(false); }
bool Signals::interrupted() const { return state.interrupted; }

bool Signals::take_redraw() {
  be_quiet();
  return state.redraw.exchange(false);
}

int Signals::wake_descriptor() const { return state.pipe[0]; }

// A thread requests the stop, because stop callbacks take locks, which a handler must not do.
CancelOnInterrupt::CancelOnInterrupt(const Signals& signals)
    : watcher_([&signals, source = source_](const std::stop_token& done) mutable {
        while (!done.stop_requested() && !signals.interrupted()) {
          pollfd wake_up = {signals.wake_descriptor(), POLLIN, 0};
          poll(&wake_up, 1, -1);
          be_quiet();
        }
        if (signals.interrupted()) source.request_stop();
      }) {}

CancelOnInterrupt::~CancelOnInterrupt() {
  watcher_.request_stop();
  wake();
}

QuietInput::QuietInput(int terminal) : terminal_(terminal) {
  if (terminal < 0 || tcgetattr(terminal, &before_) != 0) return;
  termios quiet = before_;
  quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO | ICANON);
  changed_ = tcsetattr(terminal, TCSADRAIN, &quiet) == 0;
}

QuietInput::~QuietInput() {
  if (changed_) tcsetattr(terminal_, TCSADRAIN, &before_);
}

}  // namespace rocmforge::cli
