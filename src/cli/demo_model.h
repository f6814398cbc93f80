// The demo model, which is a part of the program.
#pragma once

#include <string>
#include <string_view>

namespace rocmforge::cli {

// What it is called wherever a model is expected.
inline constexpr std::string_view kDemoModel = "demo";

// A path at which it can be opened for as long as the program runs. Every call gives the same one.
const std::string& path_of_demo_model();

}  // namespace rocmforge::cli
