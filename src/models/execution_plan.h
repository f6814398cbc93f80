// Which backend runs which layer, and why: decided once, at load, in the open.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "gguf/reader.h"
#include "models/decoder_spec.h"
#include "ops/backend.h"

namespace rocmforge::models {

// A backend that may be used, the preferred one first.
struct Candidate {
  ops::Backend* backend = nullptr;
  std::uint64_t budget = 0;  // bytes of weights that it may hold
  std::string reason;        // why it is among them: "asked for with --device cpu"
};

// Layers one after the other on one backend. The embeddings go with the first layer, the output with the last.
struct Placement {
  ops::Backend* backend = nullptr;
  int first_layer = 0;
  int layers = 0;
  std::uint64_t weight_bytes = 0;
  std::string reason;
};

struct ExecutionPlan {
  std::vector<Placement> placements;
  std::vector<Placement> of_encoder;  // of one before the decoder, which gets its place first

  // A line a placement: "layers 0-15 and output: cpu (AVX-512, 8 threads), 0.7 GiB of weights: …".
  std::vector<std::string> explain() const;
};

// Fills the candidates in their order, layer by layer; what is left over goes to the last, which the system may page.
ExecutionPlan plan_execution(const gguf::File& file, const DecoderSpec& spec, std::span<const Candidate> candidates);

}  // namespace rocmforge::models
