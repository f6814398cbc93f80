// Counts every allocation of a test program, in all threads. It replaces the program's operator new, so exactly one
// source of a program may include it.
#pragma once

#include <atomic>
#include <cstdlib>
#include <new>

namespace rocmforge::testing {

inline std::atomic<long> allocations = 0;

// Counts down with each allocation of a thread that is not spared. The one that reaches 0 fails; a negative number
// never does.
inline std::atomic<long> allocations_until_failure = -1;
inline thread_local bool is_spared_failure = false;

inline bool allocation_fails() {
  ++allocations;
  if (is_spared_failure || allocations_until_failure.load(std::memory_order_relaxed) < 0) return false;
  return --allocations_until_failure == 0;
}

}  // namespace rocmforge::testing

// Not inlined, because GCC would otherwise see free() beside a new-expression and warn.
[[gnu::noinline]] void* operator new(std::size_t size) {
  if (rocmforge::testing::allocation_fails()) throw std::bad_alloc();
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
// The sanitizers' version would not match our operator delete.
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  if (rocmforge::testing::allocation_fails()) return nullptr;
  return std::malloc(size == 0 ? 1 : size);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
