#include "store/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <thread>

#include "base/error.h"

namespace rocmforge::store {
namespace {

constexpr std::chrono::milliseconds kBetweenTries{50};

bool has_name(const FileDescriptor& file, const std::string& path) {
  struct stat opened{};
  struct stat named{};
  return fstat(file.get(), &opened) == 0 && stat(path.c_str(), &named) == 0 && opened.st_dev == named.st_dev &&
         opened.st_ino == named.st_ino;
}

}  // namespace

std::optional<FileLock> FileLock::try_for(const std::string& path) {
  for (;;) {
    FileDescriptor file(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!file.is_open()) throw system_error(path, "open", errno);
    if (flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) return std::nullopt;
      if (errno == EINTR) continue;
      throw system_error(path, "lock", errno);
    }
    if (has_name(file, path)) return FileLock(std::move(file));
  }
}

FileLock FileLock::wait_for(const std::string& path, const WhileWaiting& while_waiting) {
  for (;;) {
    if (std::optional<FileLock> lock = try_for(path)) return *std::move(lock);
    if (while_waiting) while_waiting();
    std::this_thread::sleep_for(kBetweenTries);
  }
}

}  // namespace rocmforge::store
