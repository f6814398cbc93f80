// Handles signals during a generation or conversation: records Ctrl-C, and restores the terminal when a signal ends or
// suspends the program.
#pragma once

#include <termios.h>

#include <stop_token>
#include <thread>

namespace rocmforge::cli {

// The terminal of a conversation; without one the descriptors are -1.
struct ConversationTerminal {
  int input = -1;
  int output = -1;
  bool has_escapes = false;  // it understands escape sequences
};

// Requires: there is only one object at a time, because signals belong to the whole process.
//
// The first Ctrl-C is only recorded. A second one before the first was taken ends the program with exit code 130,
// because the program is then stuck.
class Signals {
 public:
  explicit Signals(const ConversationTerminal& terminal);
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  ~Signals();  // restores everything

  // Returns whether there was a Ctrl-C since the last call.
  bool take_interrupt();
  bool interrupted() const;

  // Returns whether the screen must be redrawn, because the terminal was resized or the program was suspended and
  // continues.
  bool take_redraw();

  // Returns a descriptor for poll(). It is readable if one of these has occurred.
  int wake_descriptor() const;
};

// Cancels a generation at Ctrl-C. take_interrupt() still returns the Ctrl-C afterwards.
class CancelOnInterrupt {
 public:
  explicit CancelOnInterrupt(const Signals& signals);
  CancelOnInterrupt(const CancelOnInterrupt&) = delete;
  CancelOnInterrupt& operator=(const CancelOnInterrupt&) = delete;
  ~CancelOnInterrupt();

  std::stop_token token() const { return source_.get_token(); }

 private:
  std::stop_source source_;
  std::jthread watcher_;
};

// Hides typed characters while an answer is printed, without losing them. Ctrl-C stays a signal.
class QuietInput {
 public:
  explicit QuietInput(int terminal);
  QuietInput(const QuietInput&) = delete;
  QuietInput& operator=(const QuietInput&) = delete;
  ~QuietInput();

 private:
  int terminal_;
  bool changed_ = false;
  termios before_{};
};

}  // namespace rocmforge::cli
