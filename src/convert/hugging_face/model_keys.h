// Writes the metadata that follows from a checkpoint's configuration.
#pragma once

#include <string>

#include "convert/hugging_face/config.h"
#include "gguf/metadata_builder.h"

namespace rocmforge::convert {

// Sets `general.architecture` and the keys that begin with the architecture's name.
void set_model_keys(gguf::MetadataBuilder& keys, const Config& config, const std::string& architecture);

}  // namespace rocmforge::convert
