// Runs a program in a terminal as a person would: types, pastes and reads the screen. It uses a tmux server of its own.
#pragma once

#include <sys/wait.h>

#include <chrono>
#include <functional>
#include <map>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "support/program.h"

namespace rocmforge::testing {

inline bool has_tmux() { return Program({"/bin/sh", "-c", "command -v tmux >/dev/null"}).wait().exit_code == 0; }

class Tmux {
 public:
  // Runs a shell command; the terminal stays open after it has ended.
  explicit Tmux(const std::string& command, const std::map<std::string, std::string>& environment = {}) {
    std::vector<std::string> arguments = {"-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24"};
    for (const auto& [name, value] : environment) {
      arguments.insert(arguments.end(), {"-e", name + "=" + value});
    }
    // Uses the system's shell, whatever the user's is.
    arguments.insert(arguments.end(), {"/bin/sh", "-c", command + "\necho \"left with $?\"\nexec sleep 3600"});
    ask(arguments);
  }
  Tmux(const Tmux&) = delete;
  Tmux& operator=(const Tmux&) = delete;
  ~Tmux() { ask({"kill-server"}); }

  // Types the text literally.
  void type(const std::string& text) const { ask({"send-keys", "-l", "--", text}); }
  // Presses keys by tmux's names: "Enter", "C-c", "Left".
  void press(std::vector<std::string> keys) const {
    keys.insert(keys.begin(), "send-keys");
    ask(std::move(keys));
  }
  void enter(const std::string& line) const {
    type(line);
    press({"Enter"});
  }
  void paste(const std::string& text) const {
    ask({"load-buffer", folder_.write("paste", text)});
    ask({"paste-buffer", "-p"});
  }
  void resize(int columns, int rows) const {
    ask({"resize-window", "-x", std::to_string(columns), "-y", std::to_string(rows)});
  }

  // Returns the screen without trailing spaces and empty lines. A line that the terminal wrapped is one line.
  std::string screen() const { return captured({"capture-pane", "-p", "-J"}); }
  std::string screen_with_styles() const { return captured({"capture-pane", "-p", "-e", "-J"}); }

  // Waits until the screen satisfies `wanted`. Fails after a minute and shows the screen.
  ::testing::AssertionResult becomes(const std::function<bool(const std::string&)>& wanted) const {
    const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    std::string last;
    do {
      last = screen();
      if (wanted(last)) return ::testing::AssertionSuccess();
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    } while (std::chrono::steady_clock::now() < end);
    return ::testing::AssertionFailure() << "the screen shows:\n" << last;
  }
  ::testing::AssertionResult shows(const std::string& text) const {
    return becomes([&](const std::string& screen) { return screen.find(text) != std::string::npos; });
  }
  ::testing::AssertionResult ends_with(const std::string& text) const {
    return becomes([&](const std::string& screen) { return screen.ends_with(text); });
  }

  // Returns the program's process id.
  pid_t process() const { return std::stoi(ask({"list-panes", "-F", "#{pane_pid}"})); }

 private:
  std::string captured(std::vector<std::string> arguments) const {
    std::istringstream lines(ask(std::move(arguments)));
    std::string text;
    for (std::string line; std::getline(lines, line);) text += line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
    text.erase(text.find_last_not_of('\n') + 1);
    return text;
  }

  std::string ask(std::vector<std::string> arguments) const {
    std::vector<std::string> command = {
        "/usr/bin/env",   "-u",  "TMUX", "TMUX_TMPDIR=" + folder_.path().string(), "LANG=C.UTF-8",
        "LC_ALL=C.UTF-8", "tmux"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    const Answer answer = Program(std::move(command)).wait();
    EXPECT_EQ(answer.exit_code, 0) << answer.errors;
    return answer.output;
  }

  TempFolder folder_;  // holds the server's socket, so that no other tmux server is affected
};

}  // namespace rocmforge::testing
