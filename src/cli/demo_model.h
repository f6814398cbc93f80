// Provides the demo model, which is embedded in the program.
#pragma once

#include <string>
#include <string_view>

namespace rocmforge::cli {

// The demo model's name, where a command takes a MODEL.
inline constexpr std::string_view kDemoModel = "demo";

// Returns a path at which the demo model can be opened while the program runs. Every call returns the same path.
const std::string& path_of_demo_model();

}  // namespace rocmforge::cli
