// Holds the sizes of a model on which the order of a checkpoint's rows depends.
#pragma once

#include <cstdint>
#include <string_view>

#include "convert/hugging_face/config.h"

namespace rocmforge::convert {

struct ModelSizes {
  std::uint32_t layers = 0;  // includes next-token predictors if the GGUF architecture keeps them
  std::uint32_t next_token_layers = 0;
  std::uint32_t width = 0;
  std::uint32_t heads = 0;
  std::uint32_t kv_heads = 0;
  std::uint32_t head_width = 0;

  // Reads the sizes. Throws Error if a size is implausibly large.
  static ModelSizes of(const Config& config, std::string_view architecture);
};

}  // namespace rocmforge::convert
