#include "backends/cpu/host_memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "base/text.h"

namespace rocmforge::cpu {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;

// Linux may grant absurd sizes and kill the process when the memory is used, so such sizes are refused here.
constexpr std::size_t kBeyondAllSense = std::size_t{1} << 47;

}  // namespace

HostMemory::HostMemory(std::size_t bytes) : size_(bytes) {
  const std::size_t mapped = std::max<std::size_t>(bytes, 1);
  void* const memory = mapped >= kBeyondAllSense
                           ? MAP_FAILED
                           : mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw error(ErrorCode::kOutOfMemory, "no memory for {}", format_bytes(bytes));
  if (mapped >= kHugePage) madvise(memory, mapped, MADV_HUGEPAGE);  // advice: it may be refused
  data_ = static_cast<std::byte*>(memory);
}

HostMemory::~HostMemory() { munmap(data_, std::max<std::size_t>(size_, 1)); }

}  // namespace rocmforge::cpu
