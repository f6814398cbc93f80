// The exception that the library throws for invalid input, failed I/O and exhausted memory. It has a code for programs,
// a message for people and a hint on what to try.
#pragma once

#include <exception>
#include <string>
#include <string_view>

#include "rocmforge/export.h"

namespace rocmforge {

enum class ErrorCode {
  kUsage,        // an argument or option is invalid
  kNotFound,     // a file, tensor, key or name does not exist
  kIo,           // the operating system failed to read or write
  kMalformed,    // the content of a file or request is invalid
  kUnsupported,  // valid, but this version cannot do it
  kTooLarge,     // exceeds a limit
  kOutOfMemory,
  kCancelled,
  kInternal,  // a bug in ROCmForge
};

// Returns the code's name.
ROCMFORGE_API std::string_view name_of(ErrorCode code);

// The message names the file, tensor, key or field, what was found and what was expected. The hint says what to try
// next; it may be empty.
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
