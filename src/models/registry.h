// The table of the architectures that this program can run.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "gguf/reader.h"
#include "models/decoder_spec.h"
#include "models/hyperparameters.h"

namespace rocmforge::models {

struct Architecture {
  std::string_view name;  // value of general.architecture
  DecoderSpec (*describe)(Hyperparameters& hyperparameters);
  std::string_view title;
};

std::span<const Architecture> architectures();

// Returns nullptr if the architecture is unknown.
const Architecture* find_architecture(std::string_view name);

struct Description {
  DecoderSpec spec;
  std::vector<Assumption> assumptions;
};

// Describes the file's model by applying its architecture to its metadata. Throws Error if the architecture is missing
// or unknown (with the nearest known name), or if keys are missing or make no sense.
Description describe(const gguf::File& file);

// Describes a model for which there is no file yet.
Description describe(const Facts& facts);

}  // namespace rocmforge::models
