// Writes metadata that needs more than a look-up in the configuration: values that depend on several numbers or differ
// by layer.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "convert/hugging_face/config.h"
#include "convert/hugging_face/model_sizes.h"
#include "gguf/metadata_builder.h"

namespace rocmforge::convert {

// One number per layer, as GGUF files store them.
using Layers = std::vector<std::int32_t>;

struct SpecialKeys {
  gguf::MetadataBuilder& keys;
  const Config& config;
  const std::string& architecture;
  const ModelSizes& sizes;

  std::string key(std::string_view name) const { return fmt::format("{}.{}", architecture, name); }
  void set_count(std::string_view name, std::uint32_t value) const { keys.set(key(name), value); }
  void set_number(std::string_view name, float value) const { keys.set(key(name), value); }
  void erase(std::string_view name) const { keys.erase(key(name)); }
  std::uint32_t count(Config::Names names, std::uint32_t otherwise = 0) const {
    return config.count(names).value_or(otherwise);
  }

  // Returns for each layer whether its type is `type`.
  std::vector<bool> layers_of_type(std::string_view type) const {
    std::vector<bool> layers;
    for (const std::string& layer :
         config.texts({"layer_types", "layers_block_type"}).value_or(std::vector<std::string>())) {
      layers.push_back(layer == type);
    }
    return layers;
  }
};

void set_special_keys(const SpecialKeys& model);

}  // namespace rocmforge::convert
