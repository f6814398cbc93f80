#include "store/local_copy.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "base/error.h"
#include "base/file_descriptor.h"
#include "gguf/foreign_file.h"
#include "store/sha256.h"

namespace rocmforge::store {
namespace {

constexpr std::size_t kAtATime = std::size_t{4} << 20;

std::size_t read_at(int file, const std::string& path, std::span<std::byte> into, std::uint64_t offset) {
  for (;;) {
    const ssize_t count = pread(file, into.data(), into.size(), static_cast<off_t>(offset));
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno != EINTR) throw system_error(path, "read", errno);
  }
}

}  // namespace

std::string copy_file(const std::string& path, std::uint64_t size, PartialFile& partial,
                      const std::function<void(std::uint64_t)>& on_progress) {
  const FileDescriptor source(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!source.is_open()) throw system_error(path, "open", errno);
  std::vector<std::byte> buffer(kAtATime);
  const auto beginning = std::span(buffer).first(read_at(source.get(), path, buffer, 0));
  if (!std::string_view(reinterpret_cast<const char*>(beginning.data()), beginning.size()).starts_with("GGUF")) {
    throw gguf::not_a_gguf_file(beginning, path);
  }
  const bool is_shared = ftruncate(partial.file(), 0) == 0 && ioctl(partial.file(), FICLONE, source.get()) == 0;
  if (!is_shared) partial.expect({.size = size});
  // The hash is that of the stored copy, whatever happens to the source.
  Sha256 sum;
  const int from = is_shared ? partial.file() : source.get();
  for (std::uint64_t done = 0; done < size;) {
    const auto rest = static_cast<std::size_t>(std::min<std::uint64_t>(kAtATime, size - done));
    const std::size_t count = read_at(from, path, std::span(buffer).first(rest), done);
    if (count == 0) throw error(ErrorCode::kIo, "{}: became shorter while it was copied", path);
    const auto bytes = std::span(buffer).first(count);
    sum.update(bytes);
    if (!is_shared) partial.write(done, bytes);
    done += count;
    on_progress(done);
  }
  return sum.finish();
}

}  // namespace rocmforge::store
