// Decides which of a command's words is the model and which is the prompt.
#pragma once

#include <string>

namespace rocmforge::cli {

struct ModelAndPrompt {
  std::string model;
  std::string prompt;  // empty: none
};

// `first` and `second` are the positional words, empty if missing; `option` is the value of -m. A single word is the
// model if it names one (cli/model_source.h), and the prompt otherwise. Without a model it is the demo model. Throws
// Error if two models are given, or if a word looks like the name of a file that does not exist.
ModelAndPrompt find_model_and_prompt(const std::string& first, const std::string& second, const std::string& option);

// Returns the prompt from the command line followed by the text from standard input.
std::string joined_prompt(const std::string& prompt, const std::string& piped);

}  // namespace rocmforge::cli
