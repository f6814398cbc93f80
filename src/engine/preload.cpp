#include "engine/preload.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "base/text.h"

namespace rocmforge::engine {
namespace {

constexpr std::size_t kPieceBytes = std::size_t{16} << 20;

// Reads a byte of every page. The empty asm statement uses the sum, so that the compiler cannot remove the reads.
void touch(std::span<const std::byte> bytes) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  unsigned sum = 0;
  for (std::size_t at = 0; at < bytes.size(); at += page) sum += static_cast<unsigned>(bytes[at]);
  if (!bytes.empty()) sum += static_cast<unsigned>(bytes.back());
  asm volatile("" ::"r"(sum));
}

void lock_pages(const gguf::File& file, const gguf::Tensor& tensor) {
  if (mlock(tensor.bytes.data(), tensor.bytes.size()) == 0) return;
  const int reason = errno;
  rlimit limit{};
  getrlimit(RLIMIT_MEMLOCK, &limit);
  const std::string most = limit.rlim_cur == RLIM_INFINITY ? "none" : format_bytes(limit.rlim_cur);
  throw Error(ErrorCode::kOutOfMemory,
              fmt::format("{}: cannot lock tensor '{}' in memory: {}", file.path(), printable(tensor.name),
                          std::strerror(reason)),
              fmt::format("the limit of locked memory is {}; `ulimit -l` raises it", most));
}

}  // namespace

void preload(const gguf::File& file, bool lock,
             const std::function<void(std::uint64_t, std::uint64_t, std::string_view)>& on_progress) {
  std::uint64_t total = 0;
  for (const gguf::Tensor& tensor : file.tensors()) total += tensor.bytes.size();
  std::uint64_t done = 0;
  for (const gguf::Tensor& tensor : file.tensors()) {
    file.will_need(tensor);
    for (std::size_t at = 0; at < tensor.bytes.size(); at += kPieceBytes) {
      const auto piece = tensor.bytes.subspan(at, std::min(kPieceBytes, tensor.bytes.size() - at));
      touch(piece);
      done += piece.size();
      if (on_progress) on_progress(done, total, "reading");
    }
    if (lock) lock_pages(file, tensor);
  }
  file.check_intact();
}

}  // namespace rocmforge::engine
