// Creates models of well-known sizes with random weights for measurements, in memory or as a file.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "convert/synthetic.h"
#include "gguf/reader.h"

namespace rocmforge::engine {

// Returns the names of all models: "llama-0.5b, qwen-0.5b, …".
std::string synthetic_names();

class SyntheticFile {
 public:
  // Throws Error if the name or type is unknown, or if memory is exhausted.
  SyntheticFile(std::string_view name, std::string_view type);

  const gguf::File& file() const { return file_; }

 private:
  gguf::MemoryImage image_;
  gguf::File file_;
};

// Saves the model as a file, and replaces an existing one.
void save_synthetic(std::string_view name, std::string_view type, const std::string& path);

}  // namespace rocmforge::engine
