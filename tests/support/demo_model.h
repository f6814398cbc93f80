// The model that comes with the program: small, and yet it answers, so that tests can ask it things.
#pragma once

#include <string>

namespace rocmforge::testing {

inline std::string demo_model() { return ROCMFORGE_SOURCE_DIR "/assets/demo.gguf"; }

}  // namespace rocmforge::testing
