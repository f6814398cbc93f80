#include "base/file_text.h"

#include <array>
#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file_descriptor.h"
#include "base/text.h"

namespace rocmforge {
namespace {

bool is_pipe_or_device(const std::string& path) {
  struct stat status{};
  return stat(path.c_str(), &status) == 0 && (S_ISFIFO(status.st_mode) || S_ISCHR(status.st_mode));
}

}  // namespace

FileText::FileText(const std::string& path, std::size_t most) {
  if (!is_pipe_or_device(path)) {
    mapping_.emplace(path);
    return;
  }
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!file.is_open()) throw system_error(path, "open", errno);
  std::array<char, 65536> part;
  for (;;) {
    const ssize_t count = read(file.get(), part.data(), part.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw system_error(path, "read", errno);
    if (count == 0) return;
    text_.append(part.data(), static_cast<std::size_t>(count));
    if (text_.size() > most) throw error(ErrorCode::kTooLarge, "{}: gives more than {}", path, format_bytes(most));
  }
}

std::string_view FileText::text() const {
  if (!mapping_) return text_;
  return {reinterpret_cast<const char*>(mapping_->bytes().data()), mapping_->size()};
}

void FileText::check_intact() const {
  if (mapping_) mapping_->check_intact();
}

}  // namespace rocmforge
