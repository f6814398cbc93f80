#include "base/mapped_file.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bus_error_guard.h"
#include "base/error.h"
#include "base/text.h"

namespace rocmforge {
namespace {

std::string_view kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a pipe";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

std::size_t page_size() {
  static const auto size = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return size;
}

}  // namespace

MappedFile::MappedFile(std::string path) : path_(std::move(path)) {
  // O_NONBLOCK: opening a pipe without a writer does not block; it is refused below.
  do {
    file_ = FileDescriptor(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  } while (!file_.is_open() && errno == EINTR);
  if (!file_.is_open()) throw system_error(path_, "open", errno);

  struct stat status{};
  if (fstat(file_.get(), &status) != 0) throw system_error(path_, "read the size", errno);
  if (!S_ISREG(status.st_mode)) {
    throw error(ErrorCode::kIo, "{}: is {}, expected a regular file", path_, kind_of(status.st_mode));
  }
  size_ = static_cast<std::size_t>(status.st_size);
  if (size_ != 0) map();
}

void MappedFile::map() {
  void* const data = mmap(nullptr, size_, PROT_READ, MAP_SHARED, file_.get(), 0);
  if (data == MAP_FAILED) throw system_error(path_, "map into memory", errno);
  guard_ = guard_range(data, size_);
  if (guard_ < 0) {
    munmap(data, size_);
    throw error(ErrorCode::kTooLarge, "{}: more than {} files are open at once", path_, kMaxGuardedRanges);
  }
  data_ = static_cast<const std::byte*>(data);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : path_(std::move(other.path_)),
      file_(std::move(other.file_)),
      data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      guard_(std::exchange(other.guard_, -1)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(file_, other.file_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(guard_, other.guard_);
  return *this;
}

MappedFile::~MappedFile() {
  if (data_ == nullptr) return;
  unguard_range(guard_);
  munmap(const_cast<std::byte*>(data_), size_);
}

void MappedFile::will_need(std::size_t offset, std::size_t length) const noexcept {
  if (offset >= size_) return;
  const std::size_t begin = offset / page_size() * page_size();
  const std::size_t end = offset + std::min(length, size_ - offset);
  madvise(const_cast<std::byte*>(data_ + begin), end - begin, MADV_WILLNEED);
}

void MappedFile::release(std::size_t offset, std::size_t length) const noexcept {
  if (offset >= size_) return;
  const std::size_t end = offset + std::min(length, size_ - offset);
  const std::size_t first_page = (offset + page_size() - 1) / page_size() * page_size();
  // The last page of the file counts as whole even if the file ends within it.
  const std::size_t last_page = end == size_ ? end : end / page_size() * page_size();
  if (first_page < last_page)
    madvise(const_cast<std::byte*>(data_ + first_page), last_page - first_page, MADV_DONTNEED);
}

void MappedFile::check_intact() const {
  struct stat status{};
  if (!file_.is_open() || fstat(file_.get(), &status) != 0) return;
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size < size_) {
    throw error(ErrorCode::kIo, "{}: shrank from {} to {} bytes while in use", path_, group_digits(size_),
                group_digits(size));
  }
  if (guard_ >= 0 && is_damaged(guard_)) {
    throw error(ErrorCode::kIo, "{}: parts of it could not be read while in use: it shrank, or the disk failed", path_);
  }
}

}  // namespace rocmforge
