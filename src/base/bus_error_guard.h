// Keeps the process alive if a mapped file shrinks: reading beyond the new end raises SIGBUS.
//
// The handler looks up the address among the guarded ranges, replaces everything from there to the end of the range by
// zeros, and marks the range as damaged. Signals for other addresses are passed on to the previous handler.
#pragma once

#include <cstddef>

namespace rocmforge {

inline constexpr int kMaxGuardedRanges = 4096;

// Guards a range and returns its number, or -1 if kMaxGuardedRanges are already guarded. The first call installs the
// handler.
int guard_range(const void* data, std::size_t size);

// Must be called before the range is unmapped.
void unguard_range(int guard);

bool is_damaged(int guard);

}  // namespace rocmforge
