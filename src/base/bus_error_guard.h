// Keeps the process alive when a mapped file shrinks: the system answers a read beyond the new end with SIGBUS.
//
// The handler looks the address up among the guarded ranges, puts zeros in the place of everything from there to the
// range's end and marks the range as damaged. Addresses that are not ours go to whoever handled the signal before.
#pragma once

#include <cstddef>

namespace rocmforge {

inline constexpr int kMaxGuardedRanges = 4096;

// Returns a number for the range, or -1 when kMaxGuardedRanges are guarded already. The first call installs the
// handler.
int guard_range(const void* data, std::size_t size);

// Before the range is unmapped.
void unguard_range(int guard);

bool is_damaged(int guard);

}  // namespace rocmforge
