// What a person may write where a command wants a MODEL: a file, the demo model's name, a name in the store, or where
// to fetch it from.
#pragma once

#include <string>

#include "base/error.h"
#include "cli/command.h"

namespace rocmforge::cli {

inline constexpr const char* kModelHelp =
    "A GGUF file (of a split model any part), a name that `rocmforge models` lists, hf:ORG/REPO[:QUANT], or demo, the "
    "model that is built in";

// Whether the word is meant as a model: a file that exists, the demo model, a name in the store, or a source on the
// web.
bool names_a_model(const std::string& word);

// The error for a word that names no model, with what is near.
Error no_such_model(const std::string& word);

// The file to open. What is to be fetched and is not in the store yet is fetched now, with progress on the terminal. A
// path that leads nowhere comes back as it is: whoever opens it will say so.
std::string path_of_model(const std::string& model);

}  // namespace rocmforge::cli
