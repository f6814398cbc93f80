// Collects all weights of a checkpoint under the names they have without quantization: the parts of a quantized weight
// (codes, scales, zero points, order) become one weight.
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

// Both arguments must outlive the result. Throws Error, which names the parts, if parts do not fit each other.
Weights weights_of(const Checkpoint& checkpoint, const Config& config);

}  // namespace rocmforge::convert
