// Functions that create the Error that the whole program throws (rocmforge/error.h), and a check of invariants.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <fmt/core.h>

#include "rocmforge/error.h"

namespace rocmforge {

// Creates an error, as in `throw error(kMalformed, "{}: version {}", path, version)`. The caller throws, so that the
// control flow is visible there.
template <typename... Args>
Error error(ErrorCode code, fmt::format_string<Args...> format, Args&&... args) {
  return Error(code, fmt::format(format, std::forward<Args>(args)...));
}

// Creates an error of the operating system: "PATH: cannot ACTION: Permission denied".
Error system_error(std::string_view path, std::string_view action, int error_number);

[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace rocmforge

// Checks an internal invariant. No content of a file or a request may make it fail.
#define RF_CHECK(condition) ((condition) ? void(0) : ::rocmforge::check_failed(#condition, __FILE__, __LINE__))
