// Plans how much memory the KV cache and the working buffers take and how long the context can be, before anything is
// allocated.
#pragma once

#include <cstdint>
#include <string>

#include "kv/cache_capacity.h"
#include "models/cache_memory.h"
#include "models/model.h"

namespace rocmforge::engine {

struct MemoryRequest {
  std::int64_t context = 0;  // tokens per sequence; 0: the trained length, or less if memory is short
  int sequences = 1;
  models::CacheFormats formats;
  models::StepLimits limits;
  int snapshots = 0;                      // additional slots for recurrent states
  bool gives_states = false;              // steps may return the hidden states of all their tokens
  bool draws_tokens = false;              // every sequence may have a sampler
  const ops::Backend* backend = nullptr;  // its own working memory is counted too
};

struct MemoryPlan {
  std::int64_t context = 0;
  std::string context_reason;  // "the trained length", "as much as fits in 3.1 GiB", "--ctx"
  kv::CacheCapacity cache;
  models::CacheSizes sizes;
  models::CacheFormats formats;
  std::uint64_t weight_bytes = 0;
  std::uint64_t cache_bytes = 0;  // including the encoder's, if there is one
  std::uint64_t work_bytes = 0;   // likewise
};

inline constexpr int kBlockTokens = 32;

// Returns the request for the encoder of an encoder-decoder model. It reads one text at a time, of up to `context`
// tokens.
MemoryRequest encoder_request(const MemoryRequest& request, std::int64_t context);

// Returns the plan for a given context, whether it fits into memory or not.
MemoryPlan memory_for(const models::DecoderSpec& spec, const MemoryRequest& request, std::int64_t context);

// Returns the plan for the request. Throws Error, with a hint on what would fit, if the cache and the working memory
// need more than `available` bytes. Weights are pages of the file, which the system can drop and read again, so weights
// that do not fit only cause a warning. A context beyond the trained length is an error with learned positions and a
// warning with rotary ones.
MemoryPlan plan_memory(const models::DecoderSpec& spec, std::uint64_t weight_bytes, const MemoryRequest& request,
                       std::uint64_t available);

}  // namespace rocmforge::engine
