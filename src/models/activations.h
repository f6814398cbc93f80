// The activation buffers of a step on one backend, and how much memory they take.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "models/decoder_spec.h"
#include "ops/backend.h"

namespace rocmforge::models {

// Upper bounds of a step.
struct StepLimits {
  int rows = 0;
  int logit_rows = 0;
  int sequences = 1;
};

// The activation tensors of a step. Each has as many columns as the layer that needs most; a layer uses a slice from
// column 0.
struct Activations {
  ops::Tensor streams;    // the residual streams: [rows, stream_columns()]
  ops::Tensor x;          // the first stream, in most models the only one: [rows, width]
  ops::Tensor predicted;  // AltUp: the predicted streams, shape of `streams`
  ops::Tensor block;      // AltUp: the layer's result for the first stream, [rows, width]
  ops::Tensor laurel;     // AltUp: result of the LAuReL branch, [rows, width]
  ops::Tensor normed;     // [rows, width]
  ops::Tensor delta;      // [rows, width]: a part's result that is scaled or normalized before it is added
  ops::Tensor shared;  // [rows, width]: result of the shared expert, or of all experts if a dense part runs beside them
  ops::Tensor low;     // low-rank intermediate results, or a few numbers per head
  ops::Tensor query;
  ops::Tensor wide;  // latent attention's queries in the key space, and other wide intermediate results
  ops::Tensor key;
  ops::Tensor value;
  ops::Tensor mixed;
  ops::Tensor gates;   // of attention's output
  ops::Tensor hidden;  // of a feed-forward part, or the whole output of a recurrent block's input projection
  ops::Tensor router;
  ops::Tensor gate;          // [rows, 1]
  ops::Tensor coefficients;  // of AltUp's streams
  ops::Tensor layer_inputs;  // the token's embeddings for all layers
  ops::Tensor first_value;   // RWKV 7: the first layer's values
  ops::Routing routing;
  ops::KeySelection selection;
  std::vector<ops::Tensor> rope_tables;

  // Sets the number of rows of every view.
  void set_rows(std::int64_t rows);
  // Returns the tensors that the next pipeline stage needs. Some may have no columns.
  std::array<ops::Tensor, 3> carried() const { return {streams, layer_inputs, first_value}; }
};

// Places tensors one after the other in a buffer. Without a buffer it only counts their bytes.
class ActivationAllocator {
 public:
  explicit ActivationAllocator(std::byte* memory = nullptr) : memory_(memory) {}

  ops::Tensor tensor(std::int64_t rows, std::int64_t columns);
  std::byte* take(std::int64_t bytes);
  std::uint64_t used() const { return used_; }

 private:
  std::byte* memory_;
  std::uint64_t used_ = 0;
};

// Places the activations of a step of `rows` rows.
Activations lay_out(const DecoderSpec& spec, std::int64_t rows, std::int64_t context, ActivationAllocator& allocator);

// Returns the limits for an encoder in front of a decoder: it reads the whole text of one sequence in a step and all
// its rows are output.
StepLimits encoder_limits(std::int64_t context);

// Return what a step needs on each backend, before anything is allocated: the bytes of its activations, and the limits
// for Backend::reserve(). An encoder has activations of its own but shares the backend's scratch memory with its
// decoder, so activation_bytes() covers `spec` only and work_limits() covers both.
std::uint64_t activation_bytes(const DecoderSpec& spec, const StepLimits& limits, std::int64_t context);
ops::WorkLimits work_limits(const DecoderSpec& spec, const StepLimits& limits, std::int64_t context);

}  // namespace rocmforge::models
