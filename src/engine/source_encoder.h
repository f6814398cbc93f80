// The encoder before a decoder: reads a text at once, and what it makes of it is for the decoder's cross attention.
//
// Every byte is allocated when it is made; encode() allocates nothing.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/memory_plan.h"
#include "kv/ids.h"
#include "models/model.h"

namespace rocmforge::engine {

class SourceEncoder {
 public:
  // The request is the one that the decoder's memory was planned by, and the context that of the plan.
  SourceEncoder(models::FileTensors& tensors, models::DecoderSpec spec, std::span<const models::Placement> placements,
                const MemoryRequest& request, const models::LoadOptions& options);

  // [tokens, width], until the next call. At most as many tokens as the context.
  std::span<const float> encode(std::span<const kv::TokenId> tokens);

 private:
  SourceEncoder(models::FileTensors& tensors, models::DecoderSpec spec, std::span<const models::Placement> placements,
                const MemoryPlan& plan, const models::LoadOptions& options);

  models::Model model_;
  models::CacheMemory cache_memory_;

  // A sequence alone, whose positions lie in memory in their order.
  std::vector<std::int32_t> numbers_;  // 0, 1, …: of rows, of positions, and of blocks
  std::vector<std::int32_t> sequence_of_row_;
  std::vector<std::int32_t> block_tables_;
  std::int32_t table_length_ = 0;
  std::vector<float> states_;
};

}  // namespace rocmforge::engine
