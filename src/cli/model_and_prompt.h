// Which of a command's words is the model and which the prompt.
#pragma once

#include <string>

namespace rocmforge::cli {

struct ModelAndPrompt {
  std::string model;
  std::string prompt;  // empty: none
};

// `first` and `second` are the positional words, empty where there are none; `option` is what -m says. One word alone
// is the model if it names one (cli/model_source.h), and the prompt otherwise. Where none is named it is the demo
// model. An Error where two are named, or what looks like a file's name is none.
ModelAndPrompt find_model_and_prompt(const std::string& first, const std::string& second, const std::string& option);

// What a person gave as the prompt, and what was piped in after it.
std::string joined_prompt(const std::string& prompt, const std::string& piped);

}  // namespace rocmforge::cli
