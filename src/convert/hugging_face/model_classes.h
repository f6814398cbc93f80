// Maps each class of Hugging Face models to its GGUF architecture.
#pragma once

#include <string_view>

#include "convert/hugging_face/config.h"

namespace rocmforge::convert {

// Returns an empty string for an unknown class. Some classes map to several architectures, between which the
// configuration decides.
std::string_view architecture_of(const Config& config);

}  // namespace rocmforge::convert
