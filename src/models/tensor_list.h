// The tensors that a model of a spec has in its file, for making files.
#pragma once

#include <string>
#include <vector>

#include "gguf/tensor.h"
#include "models/decoder_spec.h"

namespace rocmforge::models {

struct ListedTensor {
  std::string name;
  gguf::Shape shape;
  bool is_matrix = false;    // one that products are made with; others are kept as F32
  bool is_optional = false;  // a file may do without
};

// In the order of binding; matrices that may be fused are listed apart, unless the spec has them fused.
std::vector<ListedTensor> list_tensors(const DecoderSpec& spec);

}  // namespace rocmforge::models
