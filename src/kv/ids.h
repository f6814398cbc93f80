// The types of the cache's identifiers.
#pragma once

#include <cstdint>

namespace rocmforge::kv {

// Any number; the cache only compares tokens for equality. To distinguish blocks by more than the token (its class, an
// adapter), fold that into the number.
using TokenId = std::int32_t;

// A block of a group's memory, or a slot for a recurrent state.
using BlockId = std::int32_t;
inline constexpr BlockId kNoBlock = -1;

// A known prefix of whole blocks. The keys and values in a block depend on every token before it, so the prefix that
// ends with a block is the block's identity.
using PrefixId = std::int32_t;
inline constexpr PrefixId kEmptyPrefix = 0;
inline constexpr PrefixId kNoPrefix = -1;

using SequenceId = std::int32_t;

}  // namespace rocmforge::kv
