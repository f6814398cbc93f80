// Suggests commands and options for misspelt names and for names that other programs use.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"

namespace rocmforge::cli {

// Returns the error for a first word that is neither a command nor a model.
Error unknown_command(const std::string& word, std::span<const std::string_view> commands);

// Returns the option that was probably meant by a word such as "--temperature" or "--temprature=1", if one is similar.
std::optional<std::string> option_near(const std::string& word, std::span<const std::string> options);

}  // namespace rocmforge::cli
