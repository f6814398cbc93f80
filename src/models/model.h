// A model, loaded: its spec, its weights on their backends, its working space, and the forward pass over a step.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "gguf/reader.h"
#include "models/activations.h"
#include "models/bind.h"
#include "models/cache_memory.h"
#include "models/execution_plan.h"
#include "models/file_tensors.h"
#include "models/forward/parts.h"
#include "models/registry.h"

namespace rocmforge::models {

struct LoadOptions {
  std::int64_t context = 0;  // positions of a sequence
  StepLimits limits;
  // Called after each layer: how many of how many bytes are bound.
  std::function<void(std::uint64_t done, std::uint64_t total)> on_progress;
};

class Model {
 public:
  // Takes its own of the tensors. Their file and the backends must outlive the model. Errors name the file and the
  // tensor or key.
  Model(FileTensors& tensors, DecoderSpec spec, std::span<const Placement> placements, const LoadOptions& options);

  const DecoderSpec& spec() const { return spec_; }
  std::span<Layer> layers() { return layers_; }
  // Values of an output row: the vocabulary's size, or an encoder's width.
  int output_columns() const { return spec_.output_columns(); }

  // Computes the step's rows through all layers; keys, values and states go where the layers' views say. Then the
  // output of the given rows, at most `logit_rows` of them: [rows, output_columns()], in host memory.
  void forward(const ops::Step& step);
  void output(std::span<const std::int32_t> rows, std::span<float> out);
  // What the output is computed from: the rows' hidden states behind the last norm, [rows, width], in host memory. Of
  // any number of the step's rows.
  void states(std::span<const std::int32_t> rows, std::span<float> out);

  // For a decoder behind an encoder: keeps keys and values of what the encoder made at the step's positions, [rows,
  // width] in host memory, where the layers' cross attention finds them.
  void append_encoder_output(const ops::Step& step, std::span<const float> states);

 private:
  // Layers that follow each other on one backend, and what they activations with.
  struct PipelineStage {
    ops::Backend* backend = nullptr;
    int first_layer = 0;
    int end_layer = 0;
    std::vector<ops::Rope> ropes;
    std::unique_ptr<ops::Buffer> memory;
    Activations activations;
  };

  void bind(FileTensors& tensors, std::span<const Placement> placements, const LoadOptions& options);
  void bind_ropes(PipelineStage& stage, const RopeTable& ropes, FileTensors& tensors, std::int64_t context);
  void reserve(PipelineStage& stage, const LoadOptions& options);
  void run_stage(PipelineStage& stage, const ops::Step& step);
  void hand_over(const PipelineStage& from, const PipelineStage& to, std::int64_t rows);

  DecoderSpec spec_;
  InputLayer input_;
  std::vector<Layer> layers_;
  OutputLayer output_;
  std::vector<PipelineStage> stages_;
  std::vector<std::unique_ptr<ops::Buffer>> buffers_;
  ops::Tensor logits_;
  std::vector<float> bounce_;  // from one backend's memory to another's
};

// Whether the file has the tensors that the spec and its encoder need, each of its shape, and no others: an Error where
// not. To be called before memory is planned, so that a damaged number is not taken for a want of memory.
void check_tensors(const gguf::File& file, const DecoderSpec& spec);

// Bytes that loading takes for weights which are not used as the file has them.
std::uint64_t converted_bytes(const gguf::File& file);

}  // namespace rocmforge::models
