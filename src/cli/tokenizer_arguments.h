// What the commands that only need a model's tokenizer share.
#pragma once

#include <string>
#include <vector>

#include "cli/command.h"
#include "text/tokenizer.h"

namespace rocmforge::cli {

struct TokenizerArguments {
  std::string model;
  std::string pre_tokenizer;

  // -m and --pre-tokenizer. The arguments must outlive the list.
  std::vector<Argument> list();

  text::Tokenizer load() const;
};

}  // namespace rocmforge::cli
