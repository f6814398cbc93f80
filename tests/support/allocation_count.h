// Counts every allocation of a test program, in all threads. It replaces the program's operator new, so exactly one
// source of a program may include it.
#pragma once

#include <atomic>
#include <cstdlib>
#include <new>

namespace rocmforge::testing {

inline std::atomic<long> allocations = 0;

}  // namespace rocmforge::testing

// Not inlined, because GCC would otherwise see free() beside a new-expression and warn.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++rocmforge::testing::allocations;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
// The sanitizers' version would not match our operator delete.
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++rocmforge::testing::allocations;
  return std::malloc(size == 0 ? 1 : size);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
