// Signals while somebody talks to a model: Ctrl-C is kept for whoever asks, and whatever ends or suspends the program
// leaves the terminal as it was found.
#pragma once

#include <termios.h>

#include <stop_token>
#include <thread>

namespace rocmforge::cli {

// The terminal that belongs to a conversation; without one the descriptors are -1.
struct ConversationTerminal {
  int input = -1;
  int output = -1;
  bool has_escapes = false;  // it understands escape sequences
};

// One at a time in a program: signals belong to the whole process.
//
// The first Ctrl-C is only noted. A second one before the first was taken ends the program with the exit code 130:
// whoever should have looked hangs in something.
class Signals {
 public:
  explicit Signals(const ConversationTerminal& terminal);
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  ~Signals();  // everything as it was

  // Whether there was one since the last call.
  bool take_interrupt();
  bool interrupted() const;

  // The terminal has another size, or the program was suspended and goes on: what is on the screen is to be drawn anew.
  bool take_redraw();

  // Can be read from when one of these is to be taken; for poll().
  int wake_descriptor() const;
};

// Cancels a generation at Ctrl-C, which is left for take_interrupt().
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

// Nothing of what is typed shows while an answer is being written, and nothing of it is lost. Ctrl-C stays a signal.
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
