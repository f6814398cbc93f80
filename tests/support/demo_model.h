// The program's built-in demo model: it is small but answers questions, so tests can ask it some.
#pragma once

#include <string>

namespace rocmforge::testing {

inline std::string demo_model() { return ROCMFORGE_SOURCE_DIR "/assets/demo.gguf"; }

}  // namespace rocmforge::testing
