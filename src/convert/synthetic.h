// Makes models of well-known sizes with random weights, for measurements in which only the sizes matter.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "convert/quantize_plan.h"
#include "gguf/memory_image.h"
#include "gguf/metadata_builder.h"
#include "gguf/writer.h"

namespace rocmforge::convert {

// The dimensions of a named model. The architecture is one of models/registry.
struct SyntheticShape {
  std::string_view name;
  std::string_view architecture;
  int layers;
  int width;
  int ffn_width;
  int heads;
  int kv_heads;
  int vocabulary;
  int context;
  bool is_tied;
  int experts;
  int experts_used;
};

std::span<const SyntheticShape> synthetic_shapes();

struct SyntheticModel {
  gguf::MetadataBuilder metadata;
  std::vector<gguf::TensorSpec> tensors;
  QuantizePlan plan;  // records which formats did not fit
};

// Throws Error if the name or the type is unknown, or if the type cannot be written.
SyntheticModel synthetic_model(std::string_view name, std::string_view type);

// Makes the model with its weights, in memory or in a file, which is replaced if it exists.
gguf::MemoryImage make_synthetic(const SyntheticModel& model);
void write_synthetic(const SyntheticModel& model, const std::string& path);

}  // namespace rocmforge::convert
