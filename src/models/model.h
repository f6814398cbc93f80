// A loaded model: its spec, its weights on their backends, its activations, and the forward pass over a step.
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
  std::int64_t context = 0;  // positions per sequence
  StepLimits limits;
  // Called after each layer with the bytes bound so far and in total.
  std::function<void(std::uint64_t done, std::uint64_t total)> on_progress;
};

class Model {
 public:
  // Binds the tensors of the spec. The file of the tensors and the backends must outlive the model. Errors name the
  // file and the tensor or key.
  Model(FileTensors& tensors, DecoderSpec spec, std::span<const Placement> placements, const LoadOptions& options);

  const DecoderSpec& spec() const { return spec_; }
  std::span<Layer> layers() { return layers_; }
  // Returns the number of values in an output row: the size of the vocabulary, or the width of an encoder.
  int output_columns() const { return spec_.output_columns(); }

  // Runs the step's rows through all layers. Keys, values and states go to the caches of the layers' views.
  void forward(const ops::Step& step);
  // Computes the output of the given rows of the last step: [rows, output_columns()], in host memory. Requires: at most
  // StepLimits::logit_rows rows.
  void output(std::span<const std::int32_t> rows, std::span<float> out);
  // Reads the hidden states of the given rows after the last norm, from which the output is computed: [rows, width], in
  // host memory. Any number of the step's rows may be given.
  void states(std::span<const std::int32_t> rows, std::span<float> out);

  // For a decoder with an encoder: computes the keys and values of the encoder's output at the step's positions and
  // stores them for the layers' cross attention. states: [rows, width], in host memory.
  void append_encoder_output(const ops::Step& step, std::span<const float> states);

 private:
  // Consecutive layers on one backend, with their rotations and activations.
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
  std::vector<float> bounce_;  // host buffer for copies between backends
};

// Throws Error unless the file has exactly the tensors that the spec and its encoder need, each with its shape. Call it
// before memory is planned, so that a damaged number is reported as such and not as lack of memory.
void check_tensors(const gguf::File& file, const DecoderSpec& spec);

// Returns the bytes that loading needs for weights that are converted instead of used as stored.
std::uint64_t converted_bytes(const gguf::File& file);

}  // namespace rocmforge::models
