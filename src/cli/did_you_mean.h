// Commands and options as other programs name them, or as they are misspelt: what a person probably meant.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"

namespace rocmforge::cli {

// The error for a first word that is neither a command nor a model.
Error unknown_command(const std::string& word, std::span<const std::string_view> commands);

// The one of `options` that "--temperature" or "--temprature=1" was probably meant as; none if nothing comes near.
std::optional<std::string> option_near(const std::string& word, std::span<const std::string> options);

}  // namespace rocmforge::cli
