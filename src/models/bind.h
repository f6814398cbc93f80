// Binds a model's tensors to its layers. This is the one place that knows the tensors' names.
#pragma once

#include <vector>

#include "models/layer.h"
#include "models/tensor_source.h"

namespace rocmforge::models {

// The distinct rotations of a model's layers. Layers with the same rotation share its table, which is computed once per
// step.
class RopeTable {
 public:
  // Returns the number of the rotation, adding it if it is new.
  int number_of(const RopeSpec& rope);
  const std::vector<RopeSpec>& ropes() const { return ropes_; }

 private:
  std::vector<RopeSpec> ropes_;
};

InputLayer bind_input(const DecoderSpec& spec, TensorSource& tensors);
Layer bind_layer(const DecoderSpec& spec, int number, TensorSource& tensors, RopeTable& ropes);
OutputLayer bind_output(const DecoderSpec& spec, TensorSource& tensors);

// Requests all tensors of the spec and of its encoder, if any, and drops the results. Returns the decoder's rotations.
RopeTable ask_for_all(const DecoderSpec& spec, TensorSource& tensors);

}  // namespace rocmforge::models
