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
  std::string_view name;  // as in general.architecture
  DecoderSpec (*describe)(Hyperparameters& hyperparameters);
  std::string_view title;
};

std::span<const Architecture> architectures();

const Architecture* find_architecture(std::string_view name);

struct Description {
  DecoderSpec spec;
  std::vector<Assumption> assumptions;
};

// The file's architecture applied to its metadata. Errors: no or an unknown architecture, by name, with the nearest
// known one; keys that are missing or make no sense.
Description describe(const gguf::File& file);

// The same where there is no file yet.
Description describe(const Facts& facts);

}  // namespace rocmforge::models
