// Lists the tensors that a file of a model must have, for writing such files.
#pragma once

#include <string>
#include <vector>

#include "gguf/tensor.h"
#include "models/decoder_spec.h"

namespace rocmforge::models {

struct ListedTensor {
  std::string name;
  gguf::Shape shape;
  bool is_matrix = false;    // used in matrix products; other tensors are stored as F32
  bool is_optional = false;  // the file may lack it
};

// Returns the tensors in the order of binding. Matrices that may be fused are listed separately, unless the spec has
// them fused.
std::vector<ListedTensor> list_tensors(const DecoderSpec& spec);

}  // namespace rocmforge::models
