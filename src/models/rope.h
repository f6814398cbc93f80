// The angles of rotary positions, from what the file says of them.
#pragma once

#include <vector>

#include "gguf/reader.h"
#include "models/decoder_spec.h"

namespace rocmforge::models {

// Radians a position for each pair. `context` is how many positions will be used: long-context factors apply from the
// original length on. Divisors are taken from the file's tensors where the rope has them.
std::vector<float> rope_frequencies(const RopeSpec& rope, const gguf::File& file, std::int64_t context);

// The file's tensors that rope_frequencies() may read.
const std::vector<std::string>& rope_tensors();

}  // namespace rocmforge::models
