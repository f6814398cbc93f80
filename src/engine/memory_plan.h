// How long a context fits, and what would: decided before anything is allocated.
#pragma once

#include <cstdint>
#include <string>

#include "kv/cache_capacity.h"
#include "models/cache_memory.h"
#include "models/model.h"

namespace rocmforge::engine {

struct MemoryRequest {
  std::int64_t context = 0;  // of a sequence; 0: as long as the model was trained for, or as fits
  int sequences = 1;
  models::CacheFormats formats;
  models::StepLimits limits;
  int snapshots = 0;                      // further slots for states
  bool gives_states = false;              // hidden states of a whole step may be asked for
  bool draws_tokens = false;              // every sequence may have a sampler
  const ops::Backend* backend = nullptr;  // whose own working space counts too
};

struct MemoryPlan {
  std::int64_t context = 0;
  std::string context_reason;  // "the trained length", "as much as fits in 3.1 GiB", "--ctx"
  kv::CacheCapacity cache;
  models::CacheSizes sizes;
  models::CacheFormats formats;
  std::uint64_t weight_bytes = 0;
  std::uint64_t cache_bytes = 0;
  std::uint64_t work_bytes = 0;  // both with those of an encoder, if there is one
};

inline constexpr int kBlockTokens = 32;

// Of an encoder before the decoder, which reads texts as long as the context one after the other.
MemoryRequest encoder_request(const MemoryRequest& request, std::int64_t context);

// What a context takes, whether it fits or not.
MemoryPlan memory_for(const models::DecoderSpec& spec, const MemoryRequest& request, std::int64_t context);

// The plan for the request. An Error, which says what would fit, where it cannot be done in `available` bytes besides
// the weights; those are the file's pages, which the system can drop and read again, so a file larger than memory is
// only warned of. Learned positions end at the trained length; rotary ones beyond it are warned of.
MemoryPlan plan_memory(const models::DecoderSpec& spec, std::uint64_t weight_bytes, const MemoryRequest& request,
                       std::uint64_t available);

}  // namespace rocmforge::engine
