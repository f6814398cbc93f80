// Chooses the format in which each tensor of a converted model is stored.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "convert/hugging_face/tensor_plan.h"
#include "convert/quantize_plan.h"

namespace rocmforge::convert {

struct StoredFormats {
  std::vector<const quant::Format*> of_tensor;  // in the plan's order
  std::optional<std::uint32_t> file_type;       // general.file_type, if the format has a number
  std::string name;                             // "BF16", "Q4_K_M"
};

StoredFormats choose_formats(const TensorPlan& plan, const ModelTraits& traits, const std::string& type,
                             bool dequantize);

}  // namespace rocmforge::convert
