// Measures CPU time, which does not depend on the machine's load.
#pragma once

#include <sys/resource.h>

#include <ctime>
#include <utility>

namespace rocmforge::testing {

// The maximum factor by which sanitizers slow code down.
#if defined(__has_feature)  // of Clang
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define ROCMFORGE_HAS_SANITIZER
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(ROCMFORGE_HAS_SANITIZER)
inline constexpr double kSlowdown = 20;
#else
inline constexpr double kSlowdown = 1;
#endif

// Returns the CPU time that an action takes in the current thread.
template <typename Action>
double cpu_seconds(Action&& action) {
  const auto now = [] {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
  };
  const double start = now();
  std::forward<Action>(action)();
  return now() - start;
}

// Returns the CPU time of a process that has ended.
inline double cpu_seconds_of(const rusage& usage) {
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace rocmforge::testing
