// The numbers of a configuration that the order of a checkpoint's rows depends on.
#pragma once

#include <cstdint>
#include <string_view>

#include "convert/hugging_face/config.h"

namespace rocmforge::convert {

struct ModelSizes {
  std::uint32_t layers = 0;  // with the next-token predictors that the GGUF architecture keeps
  std::uint32_t next_token_layers = 0;
  std::uint32_t width = 0;
  std::uint32_t heads = 0;
  std::uint32_t kv_heads = 0;
  std::uint32_t head_width = 0;

  // What no model comes near is an Error.
  static ModelSizes of(const Config& config, std::string_view architecture);
};

}  // namespace rocmforge::convert
