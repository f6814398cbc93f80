// Finds the file for the MODEL of a command: a path, the demo model's name, a name in the store, or a source to fetch
// from.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "cli/command.h"

namespace rocmforge::cli {

inline constexpr const char* kModelHelp =
    "A GGUF file (any part of a split model), a name listed by `rocmforge models`, hf:ORG/REPO[:QUANT], or demo for "
    "the built-in model";

// Returns whether the text has no white space; false if it is empty.
bool is_one_word(std::string_view text);

// Returns whether a word that is not the name of a model can only be meant as a path.
bool looks_like_a_path(std::string_view word);

// Returns whether the word names a model: a file that exists, the demo model, a name in the store, or a source on the
// web.
bool names_a_model(const std::string& word);

// Returns the error for a word that names no model. Its hint suggests similar names.
Error no_such_model(const std::string& word);

// Returns the path of the model's file. Fetches the model first, with progress on the terminal, if the word is a source
// on the web that is not in the store. Returns a path that does not exist unchanged; opening it gives the error.
std::string path_of_model(const std::string& model);

}  // namespace rocmforge::cli
