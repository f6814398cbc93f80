// Decodes whole tensors to numbers, for small tensors and for those used once.
#pragma once

#include <string>
#include <vector>

#include "gguf/tensor.h"

namespace rocmforge::gguf {

// Throws Error, with the file and the tensor, if the tensor holds integers.
void refuse_integers(const Tensor& tensor, const std::string& path);

// Returns all values, row after row. Requires: refuse_integers() accepts the tensor.
std::vector<float> decoded(const Tensor& tensor);

}  // namespace rocmforge::gguf
