// What the library throws for bad input, failed I/O and exhausted memory: a code for programs, a message for people, a
// hint what to try.
#pragma once

#include <exception>
#include <string>
#include <string_view>

#include "rocmforge/export.h"

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
  kInternal,  // a broken promise of our own
};

ROCMFORGE_API std::string_view name_of(ErrorCode code);

// The message names the file, tensor, key or field, what was found and what was expected. The hint, where there is one,
// says what to try next.
class ROCMFORGE_API Error : public std::exception {
 public:
  Error(ErrorCode code, std::string message, std::string hint = {});
  Error(const Error&);
  Error& operator=(const Error&);
  ~Error() override;

  ErrorCode code() const { return code_; }
  const std::string& message() const { return message_; }
  const std::string& hint() const { return hint_; }
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  ErrorCode code_;
  std::string message_;
  std::string hint_;
};

}  // namespace rocmforge
