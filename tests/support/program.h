// Runs a program as a user would, and returns its output, duration and peak memory.
#pragma once

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "support/cpu_time.h"
#include "support/temp_folder.h"

namespace rocmforge::testing {

struct Answer {
  int exit_code = -1;  // 128 + the signal that ended it
  std::string output;
  std::string errors;
  double cpu_seconds = 0;        // of all its threads; does not depend on the machine's load
  std::uint64_t peak_bytes = 0;  // of resident memory
};

class Program {
 public:
  // Starts the program.
  explicit Program(std::vector<std::string> arguments, std::string_view input = {}) : arguments_(std::move(arguments)) {
    folder_.write("in", input);
    pid_ = fork();
    if (pid_ == 0) become();
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      wait();
    }
  }

  void signal(int number) const { kill(pid_, number); }
  bool is_running() const {
    siginfo_t ended{};
    return waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 && ended.si_pid == 0;
  }
  // Whether it has a file open that has no name yet, as the files that it writes have until they are complete.
  bool writes_a_file() const {
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/" + std::to_string(pid_) + "/fd", ignored)) {
      if (std::filesystem::read_symlink(entry.path(), ignored).string().ends_with("(deleted)")) return true;
    }
    return false;
  }
  std::string errors_so_far() const { return read_text(folder_ / "err"); }

  Answer wait() {
    int status = 0;
    rusage usage{};
    wait4(pid_, &status, 0, &usage);
    pid_ = -1;
    Answer answer;
    answer.exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    answer.output = read_text(folder_ / "out");
    answer.errors = read_text(folder_ / "err");
    answer.cpu_seconds = cpu_seconds_of(usage);
    answer.peak_bytes = static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
    return answer;
  }

 private:
  [[noreturn]] void become() {
    redirect("out", STDOUT_FILENO);
    redirect("err", STDERR_FILENO);
    const int input = open((folder_ / "in").c_str(), O_RDONLY);
    dup2(input, STDIN_FILENO);
    std::vector<char*> argv;
    for (std::string& argument : arguments_) argv.push_back(argument.data());
    argv.push_back(nullptr);
    execv(argv[0], argv.data());
    _exit(127);
  }

  void redirect(const char* name, int descriptor) const {
    const int file = open((folder_ / name).c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    dup2(file, descriptor);
  }

  std::vector<std::string> arguments_;
  TempFolder folder_;
  pid_t pid_ = -1;
};

// The program under test.
inline Answer rocmforge(std::vector<std::string> arguments, std::string_view input = {}) {
  arguments.insert(arguments.begin(), ROCMFORGE_BINARY);
  return Program(std::move(arguments), input).wait();
}

}  // namespace rocmforge::testing
