// What computing a token costs at least: the floor that measured speeds stand beside.
#pragma once

#include <cstdint>

#include "gguf/reader.h"
#include "models/decoder_spec.h"

namespace rocmforge::models {

struct WorkPerToken {
  std::uint64_t weight_bytes = 0;            // read once for a step of one token
  std::uint64_t multiplications = 0;         // of weights with activations, in the layers
  std::uint64_t output_multiplications = 0;  // for a token whose logits are wanted
};

// Of matrices with experts the share that a token uses; of the embeddings nothing, unless they are the output too.
WorkPerToken work_per_token(const gguf::File& file, const DecoderSpec& spec);

}  // namespace rocmforge::models
