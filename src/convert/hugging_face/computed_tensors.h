// Computes tensors of GGUF files that checkpoints store as numbers in their configuration: the divisors of rotary
// frequencies.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "convert/hugging_face/config.h"
#include "convert/hugging_face/weight.h"

namespace rocmforge::convert {

std::vector<std::pair<std::string, std::unique_ptr<Weight>>> computed_tensors(const Config& config,
                                                                              std::string_view architecture);

}  // namespace rocmforge::convert
