// What tensors a model needs and where each belongs: the one place that knows their names.
#pragma once

#include <vector>

#include "models/layer.h"
#include "models/tensor_source.h"

namespace rocmforge::models {

// The rotations that layers share: each is computed once a step. The number of one that is not there yet is that of the
// next.
class RopeTable {
 public:
  int number_of(const RopeSpec& rope);
  const std::vector<RopeSpec>& ropes() const { return ropes_; }

 private:
  std::vector<RopeSpec> ropes_;
};

InputLayer bind_input(const DecoderSpec& spec, TensorSource& tensors);
Layer bind_layer(const DecoderSpec& spec, int number, TensorSource& tensors, RopeTable& ropes);
OutputLayer bind_output(const DecoderSpec& spec, TensorSource& tensors);

// All of the above for nothing but the asking, and likewise for the encoder if there is one. The decoder's rotations.
RopeTable ask_for_all(const DecoderSpec& spec, TensorSource& tensors);

}  // namespace rocmforge::models
