// Computes the frequencies of rotary positions from what the file says.
#pragma once

#include <vector>

#include "gguf/reader.h"
#include "models/decoder_spec.h"

namespace rocmforge::models {

// Returns the radians per position of each pair. `context` is the number of positions that will be used: if it exceeds
// the original length, the long-context factors apply. Divisors come from the file's tensors if the rope has them.
std::vector<float> rope_frequencies(const RopeSpec& rope, const gguf::File& file, std::int64_t context);

// Returns the names of the tensors that rope_frequencies() may read.
const std::vector<std::string>& rope_tensors();

}  // namespace rocmforge::models
