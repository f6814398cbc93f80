#include "cli/terminal.h"

#include <algorithm>
#include <cstdlib>
#include <string>

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/text.h"

namespace rocmforge::cli {
namespace {

// "2:05", "1:02:03".
std::string format_duration(double seconds) {
  const auto whole = static_cast<long>(std::min(seconds, 359'999.0));
  if (whole >= 3600) return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

std::string bar(double share, int width) {
  const int filled = static_cast<int>(share * width);
  std::string text;
  for (int i = 0; i < width; ++i) text += i < filled ? "█" : "░";
  return text;
}

}  // namespace

bool is_terminal(std::FILE* stream) { return isatty(fileno(stream)) == 1; }

int columns_of_terminal(std::FILE* stream) {
  winsize size{};
  return ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

bool understands_escapes(std::FILE* stream) {
  const char* kind = std::getenv("TERM");
  return is_terminal(stream) && kind != nullptr && *kind != '\0' && std::string_view(kind) != "dumb";
}

TerminalStyle style_of(std::FILE* stream) {
  const char* no_color = std::getenv("NO_COLOR");
  const bool plain = !understands_escapes(stream) || (no_color != nullptr && *no_color != '\0');
  return plain ? TerminalStyle{} : TerminalStyle{"\x1b[1m", "\x1b[2m", "\x1b[1;31m", "\x1b[0m"};
}

void print_if_possible(std::FILE* stream, std::string_view text) noexcept {
  std::fwrite(text.data(), 1, text.size(), stream);
  std::fflush(stream);
}

void print_error(std::FILE* stream, const Error& error) noexcept try {
  const TerminalStyle style = style_of(stream);
  std::string text = fmt::format("{}error:{} {}\n", style.red, style.reset, printable_lines(error.message()));
  if (!error.hint().empty()) {
    text += fmt::format("{}hint:{}  {}\n", style.bold, style.reset, printable_lines(error.hint()));
  }
  print_if_possible(stream, text);
} catch (const std::exception&) {  // no memory for the colours
  print_if_possible(stream, "error: ");
  print_if_possible(stream, error.message());
  print_if_possible(stream, "\n");
}

ProgressBar::ProgressBar() : visible_(understands_escapes(stderr)) {}

ProgressBar::~ProgressBar() {
  if (drawn_) print_if_possible(stderr, "\r\x1b[K");
}

void ProgressBar::start_from(std::uint64_t done) {
  before_ = done;
  start_ = Clock::now();
}

void ProgressBar::show(std::uint64_t done, std::uint64_t total, std::string_view what) {
  const auto now = Clock::now();
  if (!visible_ || (drawn_ && now - last_draw_ < std::chrono::milliseconds(100))) return;
  const double seconds = std::chrono::duration<double>(now - start_).count();
  const double share = total == 0 ? 1.0 : static_cast<double>(done) / static_cast<double>(total);
  const double worked = static_cast<double>(done - std::min(done, before_));
  const double speed = seconds > 0 ? worked / seconds : 0.0;
  const double rest = static_cast<double>(total - std::min(total, done));
  const std::string left = worked > 0 && seconds > 0.5 ? format_duration(rest / speed) + " left" : "";
  const std::string numbers =
      fmt::format(" {:3.0f}%  {}/s  {:<12}", 100 * share, format_bytes(static_cast<std::uint64_t>(speed)), left);
  constexpr int kBarWidth = 20;
  const int columns = columns_of_terminal(stderr);
  const int room = std::max((columns > 0 ? columns : 80) - kBarWidth - static_cast<int>(numbers.size()) - 2, 8);
  print_if_possible(stderr, fmt::format("\r{}{} {}\x1b[K", bar(share, kBarWidth), numbers,
                                        printable(what, static_cast<std::size_t>(room))));
  drawn_ = true;
  last_draw_ = now;
}

}  // namespace rocmforge::cli
