// Defines the exception for an error inside a template whose place is not known yet. Template turns it into an Error
// that names the place.
#pragma once

#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"

namespace rocmforge::text::jinja {

struct Failure {
  ErrorCode code;
  std::string message;
};

// Returns a Failure for the caller to throw: throw failure("'{}' has no value", name).
template <typename... Args>
Failure failure(fmt::format_string<Args...> format, Args&&... args) {
  return {ErrorCode::kMalformed, fmt::format(format, std::forward<Args>(args)...)};
}

// Returns a Failure for exceeding one of the InterpreterLimits.
template <typename... Args>
Failure limit_failure(fmt::format_string<Args...> format, Args&&... args) {
  return {ErrorCode::kTooLarge, fmt::format(format, std::forward<Args>(args)...)};
}

}  // namespace rocmforge::text::jinja
