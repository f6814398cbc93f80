// Makes GGUF files of a given size for measurements: a Llama's tensors with random weights.
#pragma once

#include <cstdint>
#include <string>

namespace rocmforge::bench {

// As many layers as come nearest to `parameters`; matrices in F16, norms in F32. Answers how many parameters there are.
std::uint64_t make_model(const std::string& path, std::uint64_t parameters);

}  // namespace rocmforge::bench
