// Writes messages for people, one line each, to standard error: "warning: ...", with colour on a terminal only.
//
// Any thread may log. Text that comes from a file or a request must be passed through printable() (base/text.h) first.
#pragma once

#include <string_view>
#include <utility>

#include <fmt/core.h>

namespace rocmforge::log {

enum class Level { kTrace, kDebug, kInfo, kWarning, kError, kOff };

std::string_view name_of(Level level);

// Parses "trace", "debug", "info", "warning" (or "warn"), "error", "off". Throws Error, with this list, for anything
// else.
Level parse_level(std::string_view name);

// Sets the level; messages below it are dropped. The initial level is kWarning.
void set_level(Level level);
bool enabled(Level level);

// While a Pause exists, lines are kept back; they are written when the last one is destroyed. For code that needs the
// terminal to itself for a while. Any thread may log in the meantime.
class Pause {
 public:
  Pause();
  Pause(const Pause&) = delete;
  Pause& operator=(const Pause&) = delete;
  ~Pause();
};

// Writes the line unchanged, whatever the level.
void write(Level level, std::string_view message);

template <typename... Args>
void trace(fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::kTrace)) write(Level::kTrace, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::kDebug)) write(Level::kDebug, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::kInfo)) write(Level::kInfo, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void warning(fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::kWarning)) write(Level::kWarning, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void error(fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::kError)) write(Level::kError, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace rocmforge::log
