#include "base/atomic_file.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <optional>
#include <random>
#include <utility>

#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"

namespace rocmforge {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kPermissions = 0777;
constexpr mode_t kNewFile = 0666;                // reduced by the umask, which the system applies
constexpr std::size_t kLargestWrite = 1u << 30;  // the system writes at most 2 GiB at a time

// Returns the descriptor if the path (/dev/stdout, /dev/fd/3, /proc/self/fd/3) names a file that this process already
// has open.
std::optional<int> inherited_descriptor(const fs::path& path) {
  std::error_code problem;
  const fs::path folder = fs::canonical(path.has_parent_path() ? path.parent_path() : ".", problem);
  if (problem || folder.filename() != "fd" || !folder.string().starts_with("/proc/")) return std::nullopt;
  const std::string name = path.filename().string();
  int number = -1;
  const auto [stop, failure] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (failure != std::errc() || stop != name.data() + name.size()) return std::nullopt;
  return number;
}

// Follows symbolic links, even to a target that does not exist. Stops at a file that is already open.
fs::path follow_links(const std::string& path) {
  constexpr int kMostLinks = 40;
  fs::path place = path;
  for (int i = 0; i < kMostLinks; ++i) {
    std::error_code problem;
    if (inherited_descriptor(place) || !fs::is_symlink(fs::symlink_status(place, problem))) return place;
    const fs::path target = fs::read_symlink(place, problem);
    if (problem) throw system_error(path, "follow the link", problem.value());
    place = target.is_absolute() ? target : place.parent_path() / target;
  }
  throw system_error(path, "follow the link", ELOOP);
}

std::string temporary_name() {
  std::random_device random;
  return fmt::format(".rocmforge-{:08x}{:08x}.tmp", random(), random());
}

}  // namespace

AtomicFile::AtomicFile(std::string path) : path_(std::move(path)) {
  if (path_ == "-") {
    throw Error(ErrorCode::kUsage, "'-' is not the name of a file", "use /dev/stdout for standard output");
  }
  if (path_.empty()) throw error(ErrorCode::kUsage, "the name of the output file is empty");
  const fs::path place = follow_links(path_);
  if (const auto descriptor = inherited_descriptor(place)) {
    open_directly(FileDescriptor(fcntl(*descriptor, F_DUPFD_CLOEXEC, 0)));
    return;
  }
  struct stat status{};
  const bool exists = ::stat(place.c_str(), &status) == 0;
  if ((exists && S_ISDIR(status.st_mode)) || !place.has_filename()) {
    throw error(ErrorCode::kIo, "{}: is a directory, expected the name of a file", path_);
  }
  if (exists && !S_ISREG(status.st_mode)) {
    open_directly(FileDescriptor(::open(place.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY)));
  } else {
    open_replacement(place, exists ? status.st_mode & kPermissions : 0);
  }
}

void AtomicFile::open_directly(FileDescriptor file) {
  if (!file.is_open()) throw system_error(path_, "open for writing", errno);
  file_ = std::move(file);
  naming_ = Naming::kDirect;
  // An inherited descriptor (a shell's redirection, perhaps appending) keeps its file position.
  struct stat status{};
  const bool regular = fstat(file_.get(), &status) == 0 && S_ISREG(status.st_mode);
  seekable_ = !regular && ::lseek(file_.get(), 0, SEEK_CUR) >= 0;
}

void AtomicFile::open_replacement(const fs::path& target, mode_t existing_mode) {
  target_ = target.filename().string();
  const fs::path folder = target.has_parent_path() ? target.parent_path() : fs::path(".");
  folder_ = FileDescriptor(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder_.is_open()) throw system_error(path_, fmt::format("open its folder '{}'", folder.string()), errno);

  // A nameless file can be given a name through /proc only.
  if (::access("/proc/self/fd", X_OK) == 0) {
    file_ = FileDescriptor(::openat(folder_.get(), ".", O_TMPFILE | O_RDWR | O_CLOEXEC, kNewFile));
  }
  if (!file_.is_open()) {
    file_ = create_beside();
    naming_ = Naming::kBeside;
  }
  // Permissions that cannot be set (some network and FAT file systems) are no reason to refuse the data.
  if (existing_mode != 0 && fchmod(file_.get(), existing_mode) != 0) errno = 0;
}

FileDescriptor AtomicFile::create_beside() {
  beside_ = temporary_name();
  FileDescriptor file(::openat(folder_.get(), beside_.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, kNewFile));
  if (!file.is_open()) {
    const int problem = errno;
    beside_.clear();
    throw system_error(path_, "create a file in its folder", problem);
  }
  return file;
}

AtomicFile::~AtomicFile() {
  if (!committed_ && !beside_.empty()) ::unlinkat(folder_.get(), beside_.c_str(), 0);
}

void AtomicFile::write(std::span<const std::byte> data) {
  write_at(position_, data);
  if (seekable_) position_ += data.size();
}

void AtomicFile::write_at(std::uint64_t offset, std::span<const std::byte> data) {
  if (!seekable_) return write_in_order(offset, data);
  while (!data.empty()) {
    const std::size_t count = std::min(data.size(), kLargestWrite);
    const ssize_t written = ::pwrite(file_.get(), data.data(), count, static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw system_error(path_, "write", errno);
    data = data.subspan(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
}

void AtomicFile::write_in_order(std::uint64_t offset, std::span<const std::byte> data) {
  const std::lock_guard lock(in_order_);
  if (offset != position_) {
    throw Error(ErrorCode::kIo, fmt::format("{}: is a pipe or terminal, and the output is not written in order", path_),
                "give the name of a regular file");
  }
  while (!data.empty()) {
    const ssize_t written = ::write(file_.get(), data.data(), std::min(data.size(), kLargestWrite));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw system_error(path_, "write", errno);
    data = data.subspan(static_cast<std::size_t>(written));
    position_ += static_cast<std::uint64_t>(written);
  }
}

void AtomicFile::preallocate(std::uint64_t size) {
  if (naming_ == Naming::kDirect || size == 0) return;
  struct statvfs disk{};
  const bool known = fstatvfs(file_.get(), &disk) == 0;
  // Requesting more than is free would fill the disk before it fails.
  int problem = known && size / disk.f_frsize > disk.f_bfree ? ENOSPC : 0;
  if (problem == 0) {
    do {
      problem = ::fallocate(file_.get(), 0, 0, static_cast<off_t>(size)) == 0 ? 0 : errno;
    } while (problem == EINTR);
  }
  if (problem == ENOSPC && known) {
    throw error(ErrorCode::kIo, "{}: needs {}, but only {} are free on its disk", path_, format_bytes(size),
                format_bytes(std::uint64_t{disk.f_bavail} * disk.f_frsize));
  }
  if (problem == EOPNOTSUPP || problem == ENOSYS) {
    problem = ::ftruncate(file_.get(), static_cast<off_t>(size)) == 0 ? 0 : errno;
  }
  if (problem != 0) throw system_error(path_, fmt::format("reserve {}", format_bytes(size)), problem);
}

void AtomicFile::resize(std::uint64_t size) {
  if (naming_ == Naming::kDirect) return;
  if (::ftruncate(file_.get(), static_cast<off_t>(size)) != 0) {
    throw system_error(path_, fmt::format("make it {} long", format_bytes(size)), errno);
  }
}

void AtomicFile::commit() {
  RF_CHECK(!committed_);
  // EINVAL: a device or pipe, which has nothing to flush.
  if (::fdatasync(file_.get()) != 0 && errno != EINVAL && errno != EROFS) throw system_error(path_, "write", errno);
  if (naming_ != Naming::kDirect) give_name();
  committed_ = true;
}

void AtomicFile::give_name() {
  if (naming_ == Naming::kNameless) {
    // A new name can be given directly, so that a kill in between leaves nothing behind.
    if (link_nameless(target_)) return;
    if (errno == EEXIST) {
      const std::string name = temporary_name();
      if (link_nameless(name)) beside_ = name;
    }
    if (beside_.empty()) copy_beside();
  }
  if (::renameat(folder_.get(), beside_.c_str(), folder_.get(), target_.c_str()) != 0) {
    throw system_error(path_, "replace", errno);
  }
}

bool AtomicFile::link_nameless(const std::string& name) const {
  const std::string self = fmt::format("/proc/self/fd/{}", file_.get());
  return ::linkat(AT_FDCWD, self.c_str(), folder_.get(), name.c_str(), AT_SYMLINK_FOLLOW) == 0;
}

// For the rare sandbox or file system that creates nameless files but refuses to name them: the file may contain hours
// of work.
void AtomicFile::copy_beside() {
  struct stat status{};
  if (fstat(file_.get(), &status) != 0) throw system_error(path_, "read the size", errno);
  FileDescriptor copy = create_beside();
  for (off_t at = 0; at < status.st_size;) {
    const auto rest = static_cast<std::size_t>(status.st_size - at);
    const ssize_t copied = ::sendfile(copy.get(), file_.get(), &at, std::min(rest, kLargestWrite));
    if (copied < 0 && errno == EINTR) continue;
    if (copied <= 0) throw system_error(path_, "write", copied == 0 ? EIO : errno);
  }
  if (fchmod(copy.get(), status.st_mode & kPermissions) != 0) errno = 0;  // as in open_replacement
  if (::fdatasync(copy.get()) != 0) throw system_error(path_, "write", errno);
  file_ = std::move(copy);
  naming_ = Naming::kBeside;
}

}  // namespace rocmforge
