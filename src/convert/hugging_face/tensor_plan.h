// Plans the tensors of a GGUF file and the weights of the checkpoint from which each is assembled.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "convert/hugging_face/config.h"
#include "convert/hugging_face/weights.h"
#include "gguf/metadata_builder.h"
#include "gguf/tensor.h"

namespace rocmforge::convert {

struct PlannedOutput {
  std::string name;
  gguf::Shape shape;
  std::vector<View> pieces;  // concatenated along the slowest dimension

  std::uint64_t count() const { return shape.count(); }
  void read(std::uint64_t begin, std::span<float> out) const;
  void read_blocks(std::uint64_t begin, std::uint64_t values, std::span<std::byte> out) const;

  // Returns the format of all pieces, if they agree; a block format only if the pieces keep whole blocks.
  const quant::Format& own_format() const;
};

struct TensorPlan {
  std::vector<PlannedOutput> tensors;
  std::vector<std::string> left_out;  // of other modalities, or computed
  gguf::MetadataBuilder keys;         // numbers that checkpoints store as tensors and GGUF files as metadata
  // Weights that the checkpoint does not contain.
  std::vector<std::unique_ptr<Weight>> computed;
};

// Throws Error, which names the weight, if a weight has no known name or a shape that does not fit.
TensorPlan plan_tensors(const Weights& weights, const Config& config, const std::string& architecture);

}  // namespace rocmforge::convert
