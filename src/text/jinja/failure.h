// What goes wrong inside a template, before it is known where. Template turns it into an Error with the place.
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

// failure("'{}' is undefined", name), to be thrown by the caller.
template <typename... Args>
Failure failure(fmt::format_string<Args...> format, Args&&... args) {
  return {ErrorCode::kMalformed, fmt::format(format, std::forward<Args>(args)...)};
}

// Beyond one of the Limits.
template <typename... Args>
Failure limit_failure(fmt::format_string<Args...> format, Args&&... args) {
  return {ErrorCode::kTooLarge, fmt::format(format, std::forward<Args>(args)...)};
}

}  // namespace rocmforge::text::jinja
