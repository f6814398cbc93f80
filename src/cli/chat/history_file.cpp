#include "cli/chat/history_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <span>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/file_descriptor.h"
#include "base/log.h"
#include "base/utf8.h"

namespace rocmforge::cli {
namespace {

// The largest size of a history file; a larger file is not one.
constexpr std::size_t kLargestFile = 256 << 20;

std::string escaped(std::string_view entry) {
  std::string line;
  for (const char c : entry) {
    if (c == '\n') {
      line += "\\n";
    } else if (c == '\\') {
      line += "\\\\";
    } else {
      line += c;
    }
  }
  return line + '\n';
}

std::string unescaped(std::string_view line) {
  std::string entry;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const bool is_escape = line[i] == '\\' && i + 1 < line.size() && (line[i + 1] == 'n' || line[i + 1] == '\\');
    if (!is_escape) {
      entry += line[i];
    } else {
      entry += line[++i] == 'n' ? '\n' : '\\';
    }
  }
  return replace_invalid_utf8(entry);
}

std::string read_file(const std::string& path) {
  // O_NONBLOCK, so that a pipe in its place does not block the start.
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status{};
  if (!file.is_open() || fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return {};
  if (static_cast<std::size_t>(status.st_size) > kLargestFile) return {};
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t count = read(file.get(), text.data() + done, text.size() - done);
    if (count <= 0) break;
    done += static_cast<std::size_t>(count);
  }
  text.resize(done);
  return text;
}

// Returns the last kMostEntries lines.
std::string_view last_lines(std::string_view text) {
  std::size_t start = text.size();
  for (std::size_t lines = 0; start > 0; --start) {
    if (start < text.size() && text[start - 1] == '\n' && ++lines == HistoryFile::kMostEntries) break;
  }
  return text.substr(start);
}

}  // namespace

std::string default_history_path() {
  const char* state = std::getenv("XDG_STATE_HOME");
  const char* home = std::getenv("HOME");
  // The XDG specification requires that relative paths are ignored.
  if (state != nullptr && *state == '/') return std::string(state) + "/rocmforge/history";
  if (home != nullptr && *home == '/') return std::string(home) + "/.local/state/rocmforge/history";
  return {};
}

std::vector<std::string> HistoryFile::load() const {
  if (path_.empty()) return {};
  const std::string text = read_file(path_);
  std::vector<std::string> entries;
  for (std::string_view rest = last_lines(text); !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    if (end > 0) entries.push_back(unescaped(rest.substr(0, end)));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return entries;
}

bool HistoryFile::add(std::string_view entry) const {
  if (path_.empty() || entry.empty() || entry.size() > kLongestEntry) return true;
  std::error_code failure;
  std::filesystem::create_directories(std::filesystem::path(path_).parent_path(), failure);
  if (failure || !append(escaped(entry))) return false;
  drop_the_oldest();
  return true;
}

bool HistoryFile::append(std::string_view line) const {
  const FileDescriptor file(open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0600));
  struct stat status{};
  if (!file.is_open() || fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return false;
  // The file may exist with permissions for others.
  if ((status.st_mode & 077) != 0 && fchmod(file.get(), status.st_mode & 0700) != 0) return false;
  // A single call, so that lines of other programs are not mixed with these.
  return write(file.get(), line.data(), line.size()) == static_cast<ssize_t>(line.size());
}

void HistoryFile::drop_the_oldest() const {
  const std::string text = read_file(path_);
  const std::string_view kept = last_lines(text);
  if (kept.size() == text.size()) return;
  try {
    AtomicFile file(path_);
    file.write(std::as_bytes(std::span(kept)));
    file.commit();
  } catch (const Error& error) {
    log::debug("the history stays longer than it should be: {}", error.message());
  }
}

}  // namespace rocmforge::cli
