// Which GGUF architecture each class of Hugging Face models becomes.
#pragma once

#include <string_view>

#include "convert/hugging_face/config.h"

namespace rocmforge::convert {

// Empty for a class that is not known. Some are told apart by the configuration.
std::string_view architecture_of(const Config& config);

}  // namespace rocmforge::convert
