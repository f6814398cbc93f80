#include "base/bus_error_guard.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <mutex>

#include <sys/mman.h>
#include <unistd.h>

namespace rocmforge {
namespace {

// A signal handler must not lock, so the ranges are in a fixed table of atomics. The version is odd while a range
// changes. A reader that sees an odd or changed version skips the range, which is safe because nobody reads a range
// before it is guarded or afterwards.
struct GuardedRange {
  std::atomic<std::uint32_t> version{0};
  std::atomic<bool> taken{false};
  std::atomic<bool> damaged{false};
  std::atomic<std::uintptr_t> begin{0};
  std::atomic<std::uintptr_t> end{0};
};
static_assert(std::atomic<std::uintptr_t>::is_always_lock_free && std::atomic<bool>::is_always_lock_free);

constinit std::array<GuardedRange, kMaxGuardedRanges> guarded_ranges{};
constinit std::atomic<int> ranges_in_use{0};  // number of used entries of the table; never decreases
struct sigaction previous_action;
std::uintptr_t page_bytes;

void set_range(GuardedRange& range, std::uintptr_t begin, std::uintptr_t end) {
  range.version.fetch_add(1);
  range.begin.store(begin);
  range.end.store(end);
  range.version.fetch_add(1);
}

// Maps zeros from the faulting page to the range's end. The pages after a lost page are lost too, and a single mapping
// cannot reach the limit on the number of mappings.
bool replace_lost_pages(std::uintptr_t address) {
  const int count = ranges_in_use.load();
  for (int i = 0; i < count; ++i) {
    GuardedRange& range = guarded_ranges[static_cast<std::size_t>(i)];
    const std::uint32_t version = range.version.load();
    const std::uintptr_t begin = range.begin.load();
    const std::uintptr_t end = range.end.load();
    if (version % 2 != 0 || range.version.load() != version || address < begin || address >= end) continue;
    const std::uintptr_t page = address & ~(page_bytes - 1);
    void* const place = reinterpret_cast<void*>(page);
    void* const mapped = mmap(place, end - page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    range.damaged.store(true);
    return mapped != MAP_FAILED;
  }
  return false;
}

void pass_on(int signal, siginfo_t* info, void* context) {
  if ((previous_action.sa_flags & SA_SIGINFO) != 0) {
    previous_action.sa_sigaction(signal, info, context);
  } else if (previous_action.sa_handler == SIG_DFL || previous_action.sa_handler == SIG_IGN) {
    ::signal(signal, SIG_DFL);
    ::raise(signal);  // takes effect when this handler returns
  } else {
    previous_action.sa_handler(signal);
  }
}

void on_bus_error(int signal, siginfo_t* info, void* context) {
  const int saved_errno = errno;
  const bool ours = info->si_code == BUS_ADRERR && replace_lost_pages(reinterpret_cast<std::uintptr_t>(info->si_addr));
  errno = saved_errno;
  if (!ours) pass_on(signal, info, context);
}

void install_handler() {
  page_bytes = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  sigaction(SIGBUS, nullptr, &previous_action);
  struct sigaction action{};
  action.sa_sigaction = on_bus_error;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  sigaction(SIGBUS, &action, nullptr);
}

}  // namespace

int guard_range(const void* data, std::size_t size) {
  static std::once_flag installed;
  std::call_once(installed, install_handler);
  for (int i = 0; i < kMaxGuardedRanges; ++i) {
    GuardedRange& range = guarded_ranges[static_cast<std::size_t>(i)];
    if (range.taken.exchange(true)) continue;
    range.damaged.store(false);
    const auto begin = reinterpret_cast<std::uintptr_t>(data);
    set_range(range, begin, begin + size);
    int count = ranges_in_use.load();
    while (count <= i && !ranges_in_use.compare_exchange_weak(count, i + 1)) {
    }
    return i;
  }
  return -1;
}

void unguard_range(int guard) {
  GuardedRange& range = guarded_ranges[static_cast<std::size_t>(guard)];
  set_range(range, 0, 0);
  range.taken.store(false);
}

bool is_damaged(int guard) { return guarded_ranges[static_cast<std::size_t>(guard)].damaged.load(); }

}  // namespace rocmforge
