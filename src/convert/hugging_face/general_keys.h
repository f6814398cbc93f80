// Writes the metadata about a model as a whole: its name, its size, and the recommended sampling settings.
#pragma once

#include "convert/hugging_face/checkpoint.h"
#include "convert/hugging_face/tensor_plan.h"
#include "gguf/metadata_builder.h"

namespace rocmforge::convert {

void set_general_keys(gguf::MetadataBuilder& keys, const Checkpoint& checkpoint, const TensorPlan& plan);

// Returns the number of parameters as "8x7B" or "494M". For a mixture of experts it counts one expert and what all
// experts share.
std::string size_label(const TensorPlan& plan);

}  // namespace rocmforge::convert
