// The file NOTICE, which is a part of the program: the libraries that it contains or loads, with their licences.
#pragma once

#include <string_view>

namespace rocmforge::cli {

std::string_view notice();

}  // namespace rocmforge::cli
