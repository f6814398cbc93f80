#include "base/log.h"

#include <array>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>

#include "base/error.h"
#include "base/text.h"

namespace rocmforge::log {
namespace {

constexpr std::array<std::string_view, 6> kNames = {"trace", "debug", "info", "warning", "error", "off"};

spdlog::level::level_enum spdlog_level(Level level) {
  switch (level) {
    case Level::kTrace: return spdlog::level::trace;
    case Level::kDebug: return spdlog::level::debug;
    case Level::kInfo: return spdlog::level::info;
    case Level::kWarning: return spdlog::level::warn;
    case Level::kError: return spdlog::level::err;
    case Level::kOff: break;
  }
  return spdlog::level::off;
}

// Prints the level and a colon, except for ordinary messages, which need no label.
class Label : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& out) override {
    if (message.level == spdlog::level::info) return;
    const spdlog::string_view_t name = spdlog::level::to_string_view(message.level);
    out.append(name.begin(), name.end());
    out.push_back(':');
    out.push_back(' ');
  }
  std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<Label>(); }
};

std::unique_ptr<spdlog::logger> make_logger() {
  const char* no_color = std::getenv("NO_COLOR");
  const bool plain = no_color != nullptr && *no_color != '\0';
  auto sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>(plain ? spdlog::color_mode::never
                                                                          : spdlog::color_mode::automatic);
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<Label>('*').set_pattern("%^%*%$%v");
  auto logger = std::make_unique<spdlog::logger>("", std::move(sink));
  logger->set_formatter(std::move(formatter));
  logger->set_level(spdlog::level::warn);
  logger->set_error_handler([](const std::string&) {});  // nobody could be told
  return logger;
}

// Never destroyed, so that code that runs after main can still log.
spdlog::logger& logger() {
  static spdlog::logger* const instance = make_logger().release();
  return *instance;
}

void write_now(Level level, std::string_view message) {
  // Parts of the text may be a file's or a template's. It is data and must not be taken for a format either.
  const std::string shown = printable_lines(message);
  logger().log(spdlog::source_loc{}, spdlog_level(level), spdlog::string_view_t(shown.data(), shown.size()));
}

struct KeptLines {
  std::mutex mutex;
  int pauses = 0;
  std::vector<std::pair<Level, std::string>> lines;
};

KeptLines& kept_lines() {
  static KeptLines* const instance = new KeptLines;
  return *instance;
}

}  // namespace

std::string_view name_of(Level level) { return kNames[static_cast<std::size_t>(level)]; }

Level parse_level(std::string_view name) {
  if (equal_ignoring_case(name, "warn")) return Level::kWarning;
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (equal_ignoring_case(name, kNames[i])) return static_cast<Level>(i);
  }
  throw rocmforge::error(ErrorCode::kUsage,
                         "unknown log level '{}', expected trace, debug, info, warning, error or off", printable(name));
}

void set_level(Level level) { logger().set_level(spdlog_level(level)); }

bool enabled(Level level) { return level != Level::kOff && logger().should_log(spdlog_level(level)); }

Pause::Pause() {
  KeptLines& kept = kept_lines();
  const std::scoped_lock lock(kept.mutex);
  ++kept.pauses;
}

Pause::~Pause() {
  KeptLines& kept = kept_lines();
  const std::scoped_lock lock(kept.mutex);
  if (--kept.pauses > 0) return;
  for (const auto& [level, line] : kept.lines) write_now(level, line);
  kept.lines.clear();
}

void write(Level level, std::string_view message) {
  KeptLines& kept = kept_lines();
  const std::scoped_lock lock(kept.mutex);
  if (kept.pauses == 0) return write_now(level, message);
  kept.lines.emplace_back(level, message);
}

}  // namespace rocmforge::log
