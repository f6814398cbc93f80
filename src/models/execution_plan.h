// Assigns each layer to a backend, once, at load, and explains the choice.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "gguf/reader.h"
#include "models/decoder_spec.h"
#include "ops/backend.h"

namespace rocmforge::models {

// A backend that may be used. Candidates are listed in order of preference.
struct Candidate {
  ops::Backend* backend = nullptr;
  std::uint64_t budget = 0;  // bytes of weights that it may hold
  std::string reason;        // why it is a candidate: "asked for with --device cpu"
};

// Consecutive layers on one backend. The embeddings go with the first layer, the output with the last.
struct Placement {
  ops::Backend* backend = nullptr;
  int first_layer = 0;
  int layers = 0;
  std::uint64_t weight_bytes = 0;
  std::string reason;
};

struct ExecutionPlan {
  std::vector<Placement> placements;
  std::vector<Placement> of_encoder;  // of the encoder, if any, which is placed before the decoder

  // Returns a line per placement: "layers 0-15 and output: cpu (AVX-512, 8 threads), 0.7 GiB of weights: …".
  std::vector<std::string> explain() const;
};

// Fills the candidates in order, layer by layer. The remaining layers go to the last candidate even if they exceed its
// budget, since the system may page them.
ExecutionPlan plan_execution(const gguf::File& file, const DecoderSpec& spec, std::span<const Candidate> candidates);

}  // namespace rocmforge::models
