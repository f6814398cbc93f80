// All weights of a checkpoint by the names that they have without quantization: what belongs to a quantized one (its
// codes, scales, zero points, order) is taken together.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "convert/hugging_face/checkpoint.h"
#include "convert/hugging_face/config.h"
#include "convert/hugging_face/weight.h"

namespace rocmforge::convert {

using Weights = std::map<std::string, std::unique_ptr<Weight>, std::less<>>;

// Both must outlive the result. Parts that do not fit each other are an Error that names them.
Weights weights_of(const Checkpoint& checkpoint, const Config& config);

}  // namespace rocmforge::convert
