// Makes GGUF files of a given size for measurements: a Llama's tensors with random weights.
#pragma once

#include <cstdint>
#include <string>

namespace rocmforge::bench {

// Writes a model with the number of layers that comes nearest to `parameters`, matrices in F16 and norms in F32.
// Returns its number of parameters.
std::uint64_t make_model(const std::string& path, std::uint64_t parameters);

}  // namespace rocmforge::bench
