// A model of a well-known size with random weights, for measurements: in memory, or saved.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "convert/synthetic.h"
#include "gguf/reader.h"

namespace rocmforge::engine {

// "llama-0.5b, qwen-0.5b, …".
std::string synthetic_names();

class SyntheticFile {
 public:
  // An Error for a name or a type that is none, and where there is no memory for it.
  SyntheticFile(std::string_view name, std::string_view type);

  const gguf::File& file() const { return file_; }

 private:
  gguf::MemoryImage image_;
  gguf::File file_;
};

// Replaces an existing file.
void save_synthetic(std::string_view name, std::string_view type, const std::string& path);

}  // namespace rocmforge::engine
