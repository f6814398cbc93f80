// Ways to make the Error that the whole program throws (rocmforge/error.h), and to guard what we promise ourselves.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <fmt/core.h>

#include "rocmforge/error.h"

namespace rocmforge {

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
