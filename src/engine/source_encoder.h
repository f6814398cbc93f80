// Runs the encoder of an encoder-decoder model. It reads a text in one step; its output is the input of the decoder's
// cross attention.
//
// The constructor allocates all memory; encode() allocates nothing.
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
  // `request`: the request with which the decoder's memory was planned. options.context: the context of that plan.
  SourceEncoder(models::FileTensors& tensors, models::DecoderSpec spec, std::span<const models::Placement> placements,
                const MemoryRequest& request, const models::LoadOptions& options);

  // Returns the encoder's output: [tokens, width], valid until the next call. Requires: no more tokens than the
  // context.
  std::span<const float> encode(std::span<const kv::TokenId> tokens);

 private:
  SourceEncoder(models::FileTensors& tensors, models::DecoderSpec spec, std::span<const models::Placement> placements,
                const MemoryPlan& plan, const models::LoadOptions& options);

  models::Model model_;
  models::CacheMemory cache_memory_;

  // The step has a single sequence, whose blocks are in order.
  std::vector<std::int32_t> numbers_;  // 0, 1, …: the numbers of rows, positions and blocks
  std::vector<std::int32_t> sequence_of_row_;
  std::vector<std::int32_t> block_tables_;
  std::int32_t table_length_ = 0;
  std::vector<float> states_;
};

}  // namespace rocmforge::engine
