// Which tensors a GGUF file gets from a checkpoint, and from which weights each is put together.
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
  std::vector<View> pieces;  // one after the other, along the slowest dimension

  std::uint64_t count() const { return shape.count(); }
  void read(std::uint64_t begin, std::span<float> out) const;
  void read_blocks(std::uint64_t begin, std::uint64_t values, std::span<std::byte> out) const;

  // The format of all pieces, if they agree; blocks only if the pieces keep them.
  const quant::Format& own_format() const;
};

struct TensorPlan {
  std::vector<PlannedOutput> tensors;
  std::vector<std::string> left_out;  // of other modalities, or computed
  gguf::MetadataBuilder keys;         // numbers that checkpoints keep as tensors and GGUF files as metadata
  // What `weights` lacks.
  std::vector<std::unique_ptr<Weight>> computed;
};

// A weight that no name is known for, or whose shape does not allow what must be done to it, is an Error that names it.
TensorPlan plan_tensors(const Weights& weights, const Config& config, const std::string& architecture);

}  // namespace rocmforge::convert
