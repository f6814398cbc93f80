// The arguments of commands that only need a model's tokenizer.
#pragma once

#include <string>
#include <vector>

#include "cli/command.h"
#include "text/tokenizer.h"

namespace rocmforge::cli {

struct TokenizerArguments {
  std::string model;
  std::string pre_tokenizer;

  // Returns -m and --pre-tokenizer. This object must outlive the list.
  std::vector<Argument> list();

  text::Tokenizer load() const;
};

}  // namespace rocmforge::cli
