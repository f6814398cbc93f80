// Returns the text of the file NOTICE, which is embedded in the program. It lists the libraries that the program
// contains or loads, with their licences.
#pragma once

#include <string_view>

namespace rocmforge::cli {

std::string_view notice();

}  // namespace rocmforge::cli
