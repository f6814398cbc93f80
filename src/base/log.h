// Messages for people, one line each on standard error: "warning: ..." with colour on a terminal only.
//
// Any thread may log. Text that comes from a file or a request goes through printable() (base/text.h) first.
#pragma once

#include <string_view>
#include <utility>

#include <fmt/core.h>

namespace rocmforge::log {

enum class Level { kTrace, kDebug, kInfo, kWarning, kError, kOff };

std::string_view name_of(Level level);

// "trace", "debug", "info", "warning" (or "warn"), "error", "off"; anything else is an Error that lists them.
Level parse_level(std::string_view name);

// What is below the level is dropped. The level is kWarning until set.
void set_level(Level level);
bool enabled(Level level);

// As long as one is there, lines are kept back; they come when the last one goes. For whoever has the terminal to
// themselves for a while. Any thread may log meanwhile.
class Pause {
 public:
  Pause();
  Pause(const Pause&) = delete;
  Pause& operator=(const Pause&) = delete;
  ~Pause();
};

// The line as it is, whatever the level.
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
