// What is thrown for bad input, failed I/O and exhausted memory: a code for programs, a message for people, a hint what
// to try.
#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/core.h>

namespace rocmforge {

enum class ErrorCode {
  kUsage,        // the caller asked for something that makes no sense
  kNotFound,     // a file, tensor, key or name does not exist
  kIo,           // the operating system refused to read or write
  kMalformed,    // a file's or a request's content is wrong
  kUnsupported,  // sound, but not something this program can do
  kTooLarge,     // beyond a limit that guards us
  kOutOfMemory,
  kCancelled,
  kInternal,  // a broken promise of our own; see RF_CHECK
};

std::string_view name_of(ErrorCode code);

// The message names the file, tensor, key or field, what was found and what was expected. The hint, where there is one,
// says what to try next.
class Error : public std::exception {
 public:
  Error(ErrorCode code, std::string message, std::string hint = {})
      : code_(code), message_(std::move(message)), hint_(std::move(hint)) {}

  ErrorCode code() const { return code_; }
  const std::string& message() const { return message_; }
  const std::string& hint() const { return hint_; }
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  ErrorCode code_;
  std::string message_;
  std::string hint_;
};

// error(kMalformed, "{}: version {}", path, version), to be thrown by the caller, so that the control flow is seen
// there.
template <typename... Args>
Error error(ErrorCode code, fmt::format_string<Args...> format, Args&&... args) {
  return Error(code, fmt::format(format, std::forward<Args>(args)...));
}

// An error of the operating system: "PATH: cannot ACTION: Permission denied".
Error system_error(std::string_view path, std::string_view action, int error_number);

[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace rocmforge

// Guards an invariant of our own. Never reachable through the content of a file or a request.
#define RF_CHECK(condition) ((condition) ? void(0) : ::rocmforge::check_failed(#condition, __FILE__, __LINE__))
