#include "base/error.h"

#include <cerrno>
#include <system_error>

namespace rocmforge {

std::string_view name_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kUsage: return "usage";
    case ErrorCode::kNotFound: return "not_found";
    case ErrorCode::kIo: return "io";
    case ErrorCode::kMalformed: return "malformed";
    case ErrorCode::kUnsupported: return "unsupported";
    case ErrorCode::kTooLarge: return "too_large";
    case ErrorCode::kOutOfMemory: return "out_of_memory";
    case ErrorCode::kCancelled: return "cancelled";
    case ErrorCode::kInternal: return "internal";
  }
  return "unknown";
}

// Defined here, so that programs and the library agree on the type that they throw and catch.
Error::Error(ErrorCode code, std::string message, std::string hint)
    : code_(code), message_(std::move(message)), hint_(std::move(hint)) {}
Error::Error(const Error&) = default;
Error& Error::operator=(const Error&) = default;
Error::~Error() = default;

Error system_error(std::string_view path, std::string_view action, int error_number) {
  const ErrorCode code = error_number == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo;
  return error(code, "{}: cannot {}: {}", path, action, std::generic_category().message(error_number));
}

void check_failed(const char* condition, const char* file, int line) {
  throw Error(ErrorCode::kInternal, fmt::format("{}:{}: broken invariant: {}", file, line, condition),
              "this is a bug in ROCmForge; please report it with the command that led here");
}

}  // namespace rocmforge
