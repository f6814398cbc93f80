// The least work that one token takes. Measured speeds are compared with this floor.
#pragma once

#include <cstdint>

#include "gguf/reader.h"
#include "models/decoder_spec.h"

namespace rocmforge::models {

struct WorkPerToken {
  std::uint64_t weight_bytes = 0;            // bytes read in a step of one token
  std::uint64_t multiplications = 0;         // weights times activations, in the layers
  std::uint64_t output_multiplications = 0;  // in addition, for a token whose logits are wanted
};

// Counts only the share of the expert matrices that a token uses, and the embeddings only if they are also the output
// matrix.
WorkPerToken work_per_token(const gguf::File& file, const DecoderSpec& spec);

}  // namespace rocmforge::models
