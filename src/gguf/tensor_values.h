// A whole tensor as numbers, for what is small or used once.
#pragma once

#include <string>
#include <vector>

#include "gguf/tensor.h"

namespace rocmforge::gguf {

// An Error that names the file and the tensor, for one of integers.
void refuse_integers(const Tensor& tensor, const std::string& path);

// Row after row. Of formats that refuse_integers() lets pass.
std::vector<float> decoded(const Tensor& tensor);

}  // namespace rocmforge::gguf
