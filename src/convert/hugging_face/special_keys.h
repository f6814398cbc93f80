// Metadata that takes more than a look-up in the configuration: what follows from several numbers, what differs by
// layer.
#pragma once

#include <string>

#include "convert/hugging_face/config.h"
#include "convert/hugging_face/model_sizes.h"
#include "gguf/metadata_builder.h"

namespace rocmforge::convert {

struct SpecialKeys {
  gguf::MetadataBuilder& keys;
  const Config& config;
  const std::string& architecture;
  const ModelSizes& sizes;
};

void set_special_keys(const SpecialKeys& model);

}  // namespace rocmforge::convert
