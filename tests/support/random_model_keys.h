// Writes the metadata that converters write for each architecture, with sizes that a test chooses.
#pragma once

#include "support/model_keys/architecture_keys.h"

namespace rocmforge::testing {

gguf::MetadataBuilder random_model_keys(const RandomModelOptions& options);

}  // namespace rocmforge::testing
