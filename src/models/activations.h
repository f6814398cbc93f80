// The activations of a step on one backend.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "models/decoder_spec.h"
#include "ops/backend.h"

namespace rocmforge::models {

// The most that a step will hold.
struct StepLimits {
  int rows = 0;
  int logit_rows = 0;
  int sequences = 1;
};

// Every tensor has the greatest number of columns that any layer needs, and each takes the first of them.
struct Activations {
  ops::Tensor streams;    // what runs through the layers: [rows, stream_columns()]
  ops::Tensor x;          // the first of the streams, and mostly all there is: [rows, width]
  ops::Tensor predicted;  // like streams, where there are several
  ops::Tensor block;      // [rows, width], likewise: what a layer makes of its stream
  ops::Tensor laurel;     // [rows, width], likewise
  ops::Tensor normed;     // [rows, width]
  ops::Tensor delta;      // [rows, width]: a part's result that is not added as it is
  ops::Tensor shared;     // [rows, width]: the shared expert's, or all experts' beside a dense part
  ops::Tensor low;        // what is of low rank, or a few numbers a head
  ops::Tensor query;
  ops::Tensor wide;  // latent attention's queries in the space of its keys
  ops::Tensor key;
  ops::Tensor value;
  ops::Tensor mixed;
  ops::Tensor gates;   // of attention's results
  ops::Tensor hidden;  // of a feed-forward part, or all that a recurrent block's input matrix gives
  ops::Tensor router;
  ops::Tensor gate;          // [rows, 1]
  ops::Tensor coefficients;  // of streams
  ops::Tensor layer_inputs;  // of all layers
  ops::Tensor first_value;   // RWKV 7's of the first layer
  ops::Routing routing;
  ops::KeySelection selection;
  std::vector<ops::Tensor> rope_tables;

  // The same views with so many rows.
  void set_rows(std::int64_t rows);
  // What the next stage needs of this one; some may have no columns.
  std::array<ops::Tensor, 3> carried() const { return {streams, layer_inputs, first_value}; }
};

// Tensors one after the other in a buffer; with none it counts their bytes.
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

Activations lay_out(const DecoderSpec& spec, std::int64_t rows, std::int64_t context, ActivationAllocator& allocator);

// An encoder before a decoder reads the whole text of one sequence in a step, and all its rows are the result.
StepLimits encoder_limits(std::int64_t context);

// What the activations of a step will take on each backend, before anything is allocated. Those of an encoder are
// apart, but what backends need for themselves serves both.
std::uint64_t activation_bytes(const DecoderSpec& spec, const StepLimits& limits, std::int64_t context);
ops::WorkLimits work_limits(const DecoderSpec& spec, const StepLimits& limits, std::int64_t context);

}  // namespace rocmforge::models
