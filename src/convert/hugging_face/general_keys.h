// Metadata about a model as a whole: its name, how large it is, how its makers sample from it.
#pragma once

#include "convert/hugging_face/checkpoint.h"
#include "convert/hugging_face/tensor_plan.h"
#include "gguf/metadata_builder.h"

namespace rocmforge::convert {

void set_general_keys(gguf::MetadataBuilder& keys, const Checkpoint& checkpoint, const TensorPlan& plan);

// "8x7B", "494M": parameters, of a mixture those of one expert and what all share.
std::string size_label(const TensorPlan& plan);

}  // namespace rocmforge::convert
